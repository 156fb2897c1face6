"""Which SVG pictures that somebody uploads are nothing but pictures.

Browsers run nothing of an SVG in an ``<img>`` or a stylesheet; opened as a page of its own it could. So what may stand
in one is listed, and all else is refused: elements that draw, attributes that say how, and no address but ``#name``.

A name may be drawn many times, and what it names may name others: two thousand bytes can ask for a thousand million
shapes, over which browsers hang. So how much there is to draw is counted, rather too high than too low.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat  # it opens no file or address; a document type, and so any entity, is refused below

Trouble = tuple[str, str]  # what is wrong, and what to do instead

_SVG: Final = "http://www.w3.org/2000/svg"
_XLINK: Final = "http://www.w3.org/1999/xlink"
_XML: Final = "http://www.w3.org/XML/1998/namespace"
_BAR: Final = "|"  # stands in no namespace that is listed

_DRAWING = """
    svg g defs symbol use title desc metadata path rect circle ellipse line polyline polygon text tspan textPath
    linearGradient radialGradient stop clipPath mask pattern marker style switch filter feBlend feColorMatrix
    feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap feDistantLight
    feDropShadow feFlood feFuncA feFuncB feFuncG feFuncR feGaussianBlur feMerge feMergeNode feMorphology
    feOffset fePointLight feSpecularLighting feSpotLight feTile feTurbulence
"""
_SAYING_HOW = """
    id class style lang version baseProfile width height x y x1 y1 x2 y2 cx cy r rx ry fx fy fr d points
    pathLength dx dy rotate textLength lengthAdjust startOffset method spacing side viewBox preserveAspectRatio
    transform enable-background overflow gradientUnits gradientTransform spreadMethod offset stop-color
    stop-opacity clipPathUnits maskUnits maskContentUnits mask-type patternUnits patternContentUnits
    patternTransform markerUnits markerWidth markerHeight refX refY orient filterUnits primitiveUnits in in2
    result mode type values tableValues slope intercept amplitude exponent operator k1 k2 k3 k4 order
    kernelMatrix divisor bias targetX targetY edgeMode preserveAlpha surfaceScale diffuseConstant
    specularConstant specularExponent kernelUnitLength scale xChannelSelector yChannelSelector azimuth elevation
    stdDeviation radius baseFrequency numOctaves seed stitchTiles pointsAtX pointsAtY pointsAtZ
    limitingConeAngle z flood-color flood-opacity lighting-color color color-interpolation
    color-interpolation-filters color-rendering fill fill-opacity fill-rule stroke stroke-dasharray
    stroke-dashoffset stroke-linecap stroke-linejoin stroke-miterlimit stroke-opacity stroke-width opacity
    display visibility clip clip-path clip-rule mask filter marker marker-start marker-mid marker-end
    paint-order vector-effect shape-rendering text-rendering image-rendering font font-family font-size
    font-size-adjust font-stretch font-style font-variant font-weight text-anchor text-decoration letter-spacing
    word-spacing writing-mode direction unicode-bidi dominant-baseline alignment-baseline baseline-shift kerning
    isolation mix-blend-mode role focusable aria-hidden aria-label aria-labelledby systemLanguage
    requiredFeatures xml:space xml:lang
"""
_ELEMENTS, _ATTRIBUTES = frozenset(_DRAWING.split()), frozenset(_SAYING_HOW.split())
# What drawing programs write for themselves. Browsers know none of these, so nothing of them does anything.
_IDLE = frozenset(
    {
        "http://www.inkscape.org/namespaces/inkscape",
        "http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd",
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "http://creativecommons.org/ns#",
        "http://web.resource.org/cc/",
        "http://purl.org/dc/elements/1.1/",
        "http://www.bohemiancoding.com/sketch/ns",
        "http://www.figma.com/figma/ns",
        "http://www.serif.com/",
        "https://boxy-svg.com",
    }
)
MOST_DRAWN = 200_000  # elements, each as often as it is drawn; a browser takes a second or two for as many
DEEPEST = 100  # elements inside one another, and by name
_GRADIENTS = frozenset({"linearGradient", "radialGradient"})  # of what is in them only stops count
_HREF = re.compile(r"\s*#[\w.:-]+\s*", re.ASCII)
_URL = re.compile(r"url\s*\(", re.IGNORECASE)
_OWN_URL = re.compile(r"url\(\s*(['\"]?)#([\w.:-]+)\1\s*\)", re.IGNORECASE | re.ASCII)
# The rules of a style of which it is plain whom they are for: those of one class or several, with no rule inside.
_CLASS_RULE = re.compile(r"(?:(?<=[{}])|\A)([\s,.\w-]+)\{([^{}]*)\}")
_CLASSES = re.compile(r"\s*\.[A-Za-z_][\w-]*\s*(?:,\s*\.[A-Za-z_][\w-]*\s*)*", re.ASCII)
_STRING = re.compile(r"\"[^\"\n{}]*\"|'[^'\n{}]*'")
# What makes a style fetch or run something. A backslash could spell any of it.
_ACTING_STYLE = re.compile(
    r"\\|@(?!media\b|supports\b|keyframes\b)|(?:image|image-set|src|cross-fade|expression)\s*\(|javascript:|"
    r"(?:behaviou?r|binding)\s*:",
    re.IGNORECASE,
)
_SAVE_AGAIN = "Save it as a plain SVG from your drawing program, or as PNG."


def trouble_with_svg(content: bytes) -> Trouble | None:
    """What forbids an uploaded SVG, or None.

    :param content: of a size that was looked at before.
    """
    reader = _Reader()
    try:
        reader.parse(content)
        reader.drawing.check()
    except _Refused as refused:
        return str(refused), _SAVE_AGAIN
    except (expat.ExpatError, ValueError, LookupError):
        return "The SVG cannot be read: it is broken.", _SAVE_AGAIN
    return None


class _Refused(Exception):
    """Something is in it that is not listed; the text says what."""


@dataclass
class _Element:
    """An element, and what it names.

    :ivar parent: its number; None for the outermost
    :ivar uses: the names that it draws in its place
    :ivar wears: the names that it is drawn with. What is inside it may inherit them.
    """

    kind: str
    parent: int | None
    classes: list[str]
    uses: list[str]
    wears: list[str]
    inside: list[int] = field(default_factory=list)


class _Drawing:
    """Everything that is drawn, and how much that is once every name stands for what it names."""

    def __init__(self) -> None:
        self.elements: list[_Element] = []
        self.styles: list[str] = []
        self._named: dict[str, list[int]] = defaultdict(list)
        self._of_class: dict[str, list[str]] = defaultdict(list)
        self._costs: dict[int, int] = {}
        self._worn: dict[int, int] = {}
        self._depth = 0

    def add(self, kind: str, parent: int | None, attributes: dict[str, str]) -> int:
        """Note an element and return its number."""
        number = len(self.elements)
        uses = [value.strip()[1:] for name, value in attributes.items() if name.rpartition(_BAR)[2].lower() == "href"]
        wears = [name for value in attributes.values() for name in _names_in(value)]
        self.elements.append(_Element(kind, parent, attributes.get("class", "").split(), uses, wears))
        if parent is not None:
            self.elements[parent].inside.append(number)
        if "id" in attributes:
            self._named[attributes["id"]].append(number)
        return number

    def check(self) -> None:
        """:raises _Refused: there is more to draw than a browser does at once, or it cannot be told how much."""
        for name, numbers in list(self._named.items()):
            if all(self.elements[number].kind in _GRADIENTS for number in numbers):
                del self._named[name]
        for style in self.styles:
            self._read_style(style)
        self._cost(0)

    def _read_style(self, style: str) -> None:
        """Learn what each class wears."""
        wanted = self._known(_names_in(style))
        if not wanted:
            return
        read = 0
        for rule in _CLASS_RULE.finditer(style):
            if _CLASSES.fullmatch(rule[1]) and (worn := self._known(_names_in(rule[2]))):
                read += len(worn)
                for each in rule[1].split(","):
                    self._of_class[each.strip()[1:]].extend(worn)
        # A comment or a string could hide where a rule begins.
        if read != len(wanted) or "/*" in style or re.search("['\"]", _STRING.sub("", style)):
            raise _Refused("It cannot be told how often something is drawn, because of a style in the SVG.")

    def _known(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if name in self._named]

    def _cost(self, number: int) -> int:
        """How many elements are drawn for this one."""
        if number not in self._costs:
            self._enter()
            element = self.elements[number]
            cost = (1 + self._cost_of_names(element.uses)) * (1 + self._cost_worn(number))
            for each in element.inside:
                cost = _bearable(cost + self._cost(each))
            self._costs[number] = _bearable(cost)
            self._depth -= 1
        return self._costs[number]

    def _cost_worn(self, number: int) -> int:
        """How many are drawn for all that it is drawn with, its own or inherited."""
        if number not in self._worn:
            self._enter()
            element = self.elements[number]
            cost = self._cost_worn(element.parent) if element.parent is not None else 0
            for names in (element.wears, *(self._of_class.get(each, ()) for each in element.classes)):
                cost = _bearable(cost + self._cost_of_names(names))
            self._worn[number] = cost
            self._depth -= 1
        return self._worn[number]

    def _cost_of_names(self, names: Iterable[str]) -> int:
        cost = 0
        for name in names:
            for each in self._named.get(name, ()):
                cost = _bearable(cost + self._cost(each))
        return cost

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > 2 * DEEPEST:  # also when something names what it is itself in
            raise _Refused("Too much is inside one another in the SVG.")


def _bearable(cost: int) -> int:
    if cost > MOST_DRAWN:
        raise _Refused("So much is drawn again and again in the SVG that browsers would hang.")
    return cost


def _names_in(style: str) -> list[str]:
    return [found[2] for found in _OWN_URL.finditer(style)]


class _Reader:
    def __init__(self) -> None:
        self.drawing = _Drawing()
        self._open: list[int] = []
        self._parser = parser = expat.ParserCreate(namespace_separator=_BAR)
        parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = self._document_type
        parser.EntityDeclHandler = self._document_type
        parser.ProcessingInstructionHandler = self._instruction
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.buffer_text = True
        self._inside: list[str] = []
        self._style: list[str] = []

    def parse(self, content: bytes) -> None:
        self._parser.Parse(content, True)

    def _declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        if encoding and encoding.lower() not in {"utf-8", "utf8", "us-ascii"}:
            raise _Refused("The SVG is not saved as UTF-8.")

    def _document_type(self, *_: object) -> None:
        raise _Refused("There is a document type (DOCTYPE) in the SVG, which could name other files.")

    def _instruction(self, target: str, data: str) -> None:
        raise _Refused("There is an instruction to other programs in the SVG.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        space, _, local = name.rpartition(_BAR)
        if not self._inside and (space, local) != (_SVG, "svg"):
            raise _Refused("The picture does not begin as an SVG does.")
        if space not in _IDLE and (space != _SVG or local not in _ELEMENTS):
            raise _Refused(_what_it_is(local))
        if self._inside and self._inside[-1] == "style":
            raise _Refused("There is something inside a style of the SVG.")
        if len(self._inside) >= DEEPEST:
            raise _Refused("Too much is inside one another in the SVG.")
        self._inside.append(local if space == _SVG else "")
        for each, value in attributes.items():
            _check(each, value, is_idle=space in _IDLE)
        self._open.append(self.drawing.add(self._inside[-1], self._open[-1] if self._open else None, attributes))

    def _end(self, _: str) -> None:
        self._open.pop()
        if self._inside.pop() == "style":
            style = "".join(self._style)
            _check_style(style)
            self.drawing.styles.append(style)
            self._style.clear()

    def _text(self, text: str) -> None:
        if self._inside and self._inside[-1] == "style":
            self._style.append(text)


def _check(name: str, value: str, *, is_idle: bool) -> None:
    """Look at an attribute.

    :param is_idle: browsers do not know the element that it is of.
    """
    space, _, local = name.rpartition(_BAR)
    if local.lower().startswith("on"):
        raise _Refused(f"There is a script in the SVG ({local[:40]}).")
    if local.lower() == "href":
        if not _HREF.fullmatch(value) or space not in {"", _XLINK}:
            raise _Refused("The SVG fetches something from elsewhere, or holds another picture.")
        return
    if is_idle or space in _IDLE or (space == _XLINK and local in {"type", "show", "actuate", "title"}):
        return
    shown = f"xml:{local}" if space == _XML else local
    if (space and space != _XML) or (shown not in _ATTRIBUTES and not local.startswith("data-")):
        raise _Refused(f"There is something in the SVG that is no part of a drawing ({local[:40]}).")
    _check_style(value)  # most attributes are read as styles are


def _check_style(style: str) -> None:
    if _ACTING_STYLE.search(style) or len(_URL.findall(style)) != len(_OWN_URL.findall(style)):
        raise _Refused("The SVG fetches something from elsewhere.")


def _what_it_is(element: str) -> str:
    known = {
        "script": "There is a script in the SVG.",
        "foreignObject": "There is a piece of a web page in the SVG (foreignObject).",
        "image": "There is another picture in the SVG.",
        "a": "There is a link in the SVG.",
    }
    return known.get(element, f"There is something in the SVG that is no part of a drawing ({element[:40]}).")
