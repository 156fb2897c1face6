"""How much a browser draws for an SVG: every shape as often as it is drawn, once each name stands for what it names.

A name may be drawn many times, and what it names may name others: two thousand bytes can ask for a thousand million
shapes, over which browsers hang. So it is counted, rather too high than too low.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element

from app.messages.dashes import LINES, NO_DASHES, longest_in, longest_line, shortest_dash

MOST_DRAWN = 60_000  # units; Chromium takes about a second for as many in a picture of 300 points
DEEPEST = 100  # elements inside one another, and by name
_SHAPE, _GRADIENT, _IMAGE, _LAYER, _REFERENCE = 2, 15, 50, 8, 40
_CHARS_A_UNIT = 8  # of a path or a text
_LONG_PATH_CHARS = 60_000  # of one path; where all its lines cross, a longer one costs more than its length
_STROKED, _DASHED = 8, 48  # times as much as filled: every corner has a shape of its own, and every dash
_DASHES_A_UNIT = 4
_POINTS_A_UNIT = 400  # of a picture inside the drawing
_GRADIENTS = frozenset({"linearGradient", "radialGradient"})
_DRAWN_BY_NAME_ONLY = frozenset(
    {*_GRADIENTS, "defs", "symbol", "clipPath", "mask", "pattern", "marker", "style", "title"}
)
_NOT_INHERITED = frozenset({"mask", "clip-path"})
_STROKES = {"stroke": _STROKED, "stroke-dasharray": _DASHED}
_LAYERS = frozenset({"opacity", "mix-blend-mode", "isolation"})
_INHERITING = re.compile(r"var\(|(?:mask|clip-path|all)\s*:\s*(?:inherit|unset)", re.IGNORECASE)
_OF_THE_SCREEN = re.compile(r"vector-effect\s*:\s*non-scaling-stroke", re.IGNORECASE)  # so its dashes are, too
_OUTLINE_IN_A_STYLE = re.compile(r"\b(?:path|polygon|shape)\s*\(", re.IGNORECASE)
_LOOKING = re.compile(r"~|&|:(?:has|is|where|not|any|matches|nth-[a-z-]{1,20})\(", re.IGNORECASE)
_MOST_ASKED = 20_000_000  # times; Chromium takes less than a second for as many
_NAME = re.compile(r"url\(\s*(['\"]?)#([^'\")\s]+)\1\s*\)", re.IGNORECASE)
_RULE = re.compile(r"(?:(?<=[{}])|\A)([^{}]*+)\{([^{}]*+)\}")
_SELECTOR = re.compile(r"\.?[A-Za-z_][\w-]*", re.ASCII)
_STRING = re.compile(r"\"[^\"\n{}]*\"|'[^'\n{}]*'")
_MOST_REFERENCES = 50_000  # names of all classes together


class TooMuch(Exception):
    """A browser would hang over it; the text says why."""


class Drawing:
    """An SVG, which was cleaned before, and what it costs to draw.

    :param root: its elements, in no namespace.
    :param images: how many points the pictures inside it have.
    """

    def __init__(self, root: Element, images: int = 0) -> None:
        self._root, self._images = root, images
        self._parents = {child: parent for parent in root.iter() for child in parent}
        self._named: dict[str, list[Element]] = defaultdict(list)
        self._of_selector: dict[str, _Style] = defaultdict(_Style)  # of a class or of a kind of element
        self._of_all = _Style()
        self._costs: dict[Element, int] = {}
        self._lengths: dict[Element, float] = {}
        self._style_costs: dict[Element, _StyleCost] = {}
        self._inline: dict[Element, _Style] = {}
        self._costs_of_styles: dict[_Style, tuple[int, int, int]] = {}
        self._depth = 0
        for element in root.iter():
            if name := element.get("id"):
                self._named[name].append(element)
        sheets = ["".join(element.itertext()) for element in root.iter("style")]
        # What browsers do not inherit by themselves is inherited where it says so.
        said = [*sheets, *(f"{name}:{value}" for each in root.iter() for name, value in each.attrib.items())]
        self._inherits_all = any(_INHERITING.search(each) for each in said)
        if any(_OUTLINE_IN_A_STYLE.search(each) for each in said):
            raise TooMuch("A style of the SVG holds the outline of a shape, and may draw it again and again.")
        self._length_in_sheets = sum(map(longest_in, sheets))
        self._dashes_are_of_the_screen = any(_OF_THE_SCREEN.search(each) for each in said)
        stops = [len(element) for element in root.iter() if element.tag in _GRADIENTS]
        self._gradient = _GRADIENT + max(stops, default=0)  # one may take those of another
        for sheet in sheets:
            self._look_for(sheet)
            self._read_style(sheet)

    def cost(self) -> int:
        """How many units are drawn.

        :raises TooMuch: more than ``MOST_DRAWN``, or nobody can tell.
        """
        return _bearable(self._cost(self._root) + self._images // _POINTS_A_UNIT)

    def _read_style(self, sheet: str) -> None:
        """Learn what each class and each kind of element is drawn with."""
        is_clear = not re.search("['\"]", _STRING.sub("", sheet))
        declared = 0
        size = 0
        for rule in _RULE.finditer(sheet):
            style = _Style(rule[2])
            keys = [_key(each) for each in rule[1].split(",")]
            if not style.declared or None in keys or not is_clear:
                continue
            declared += style.declared
            size += style.declared * len(keys)
            if size > _MOST_REFERENCES:
                raise TooMuch("There is so much in a style of the SVG that browsers would hang.")
            for key in filter(None, keys):
                self._of_selector[key].add(style)
        everything = _Style(sheet.replace("{", ";").replace("}", ";"))
        if declared != everything.declared:  # for whom the rest is meant is not plain
            self._of_all.add(everything)

    def _cost(self, element: Element) -> int:
        if element in self._costs:
            return self._costs[element]
        depth = self._enter()
        cost, points = self._own_cost(element)
        used = 0
        if (target := element.get("href", "")).startswith("#") and element.tag not in _GRADIENTS:
            used = self._cost_of_names([target[1:]], each_time=0)
        style = self._style_cost(element)
        cost = _bearable(cost + style.own + style.inherited + points * style.markers)
        again = 1 + style.inherited + style.markers + (style.own if self._inherits_all else 0)
        cost = _bearable(cost + used * again * style.stroke)
        if style.dash < NO_DASHES:
            cost = _bearable(cost + self._dashes(element, style.dash))
        for child in element:
            if child.tag not in _DRAWN_BY_NAME_ONLY:
                cost = _bearable(cost + self._cost(child))
        self._costs[element] = cost
        self._depth = depth - 1
        return cost

    def _look_for(self, sheet: str) -> None:
        """Count how often browsers ask whom a rule is for where the answer hangs on all the other elements."""
        elements = len(self._parents)
        asked = sum(
            elements ** (1 + min(len(found), 9)) for each in sheet.split("{") if (found := _LOOKING.findall(each))
        )
        if asked > _MOST_ASKED:
            raise TooMuch("A style of the SVG looks for its shapes again and again, so that browsers would hang.")

    def _dashes(self, element: Element, dash: float) -> float:
        length = self._length(element)
        if length and (not dash or self._dashes_are_of_the_screen):
            raise TooMuch("Nobody can tell how many dashes the lines of the SVG have, and browsers may hang.")
        return length / dash / _DASHES_A_UNIT if length else 0

    def _length(self, element: Element) -> float:
        """How long the lines are that take their dashes from an element: its own, or those of what it names."""
        if element.tag != "use":
            return longest_line(element) + self._length_in_sheets if element.tag in LINES else 0
        if element not in self._lengths:
            depth = self._enter()
            named = self._named.get(element.get("href", "")[1:], ())
            self._lengths[element] = sum(self._length(inner) for each in named for inner in each.iter())
            self._depth = depth - 1
        return self._lengths[element]

    def _own_cost(self, element: Element) -> tuple[int, int]:
        """What it costs by itself, and how many corners it may have."""
        path = len(element.get("d", "")) + len(element.get("points", ""))
        text = len(element.text or "") + len(element.tail or "") if element.tag in {"text", "tspan", "textPath"} else 0
        layer = _LAYER if any(style.has_layer for style in self._styles_of(element)) else 0
        image = _IMAGE if element.tag == "image" else 0
        outline = (path + text) // _CHARS_A_UNIT * self._style_cost(element).stroke
        outline *= 1 + path // _LONG_PATH_CHARS
        return _SHAPE + outline + layer + image, 2 + path // 2

    def _style_cost(self, element: Element) -> "_StyleCost":
        if element not in self._style_costs:
            depth = self._enter()
            parent = self._parents.get(element)
            above = self._style_cost(parent) if parent is not None else _StyleCost(0, 0, 0, 1, NO_DASHES)
            own, inherited, markers, stroke, dash = 0, above.inherited, above.markers, above.stroke, above.dash
            for style in self._styles_of(element):
                if style not in self._costs_of_styles:  # those of a style sheet are shared by many
                    self._costs_of_styles[style] = (
                        self._cost_of_names(style.own),
                        self._cost_of_names(style.inherited),
                        self._cost_of_names(style.inherited, of_markers=True),
                    )
                more = self._costs_of_styles[style]
                own, inherited, markers = own + more[0], inherited + more[1], markers + more[2]
                stroke = max(stroke, style.stroke)
                dash = min(dash, style.dash)
            if self._inherits_all:
                inherited += own
            costs = _bearable(own), _bearable(inherited), _bearable(markers)
            self._style_costs[element] = _StyleCost(*costs, stroke, dash)
            self._depth = depth - 1
        return self._style_costs[element]

    def _styles_of(self, element: Element) -> Iterator["_Style"]:
        if element not in self._inline:
            said = ";".join(value if name == "style" else f"{name}:{value}" for name, value in element.attrib.items())
            self._inline[element] = _Style(said)
        yield self._inline[element]
        for key in (element.tag, *(f".{each}" for each in element.get("class", "").split())):
            if key in self._of_selector:
                yield self._of_selector[key]
        yield self._of_all

    def _cost_of_names(self, names: Iterable[str], *, of_markers: bool = False, each_time: int = _REFERENCE) -> int:
        cost = 0
        for each in (element for name in names for element in self._named.get(name, ())):
            if (each.tag == "marker") == of_markers:
                cost = _bearable(cost + (self._gradient if each.tag in _GRADIENTS else each_time + self._cost(each)))
        return cost

    def _enter(self) -> int:
        self._depth += 1
        if self._depth > 2 * DEEPEST:  # also when something names what it is itself in
            raise TooMuch("Too much is inside one another in the SVG.")
        return self._depth


class _StyleCost(NamedTuple):
    """What the style of an element adds to its cost, in units.

    :ivar own: for itself only
    :ivar inherited: for each shape inside it, too
    :ivar markers: for each corner
    :ivar stroke: how many times as much its lines are
    :ivar dash: how short the dashes of its lines may be
    """

    own: int
    inherited: int
    markers: int
    stroke: int
    dash: float


class _Style:
    """What a style, or attributes written as one, draws with: the names of masks, patterns, markers and the like.

    :ivar own: names for the element that has the style
    :ivar inherited: names also for what is inside that
    :ivar has_layer: it is drawn apart and then laid over the rest
    :ivar stroke: how many times as much its lines are
    :ivar dash: how short the dashes of its lines may be
    :ivar declared: how many declarations of these there are
    """

    def __init__(self, text: str = "") -> None:
        self.own: set[str] = set()
        self.inherited: set[str] = set()
        self.has_layer = False
        self.stroke = 1
        self.dash = NO_DASHES
        self.declared = 0
        for declaration in text.split(";"):
            name, _, value = declaration.partition(":")
            name = name.strip().lower()
            names = [found[2] for found in _NAME.finditer(value)]
            (self.own if name in _NOT_INHERITED else self.inherited).update(names)
            is_layer = name in _LAYERS
            self.has_layer = self.has_layer or is_layer
            stroke = _STROKES.get(name, 1) if value.strip().lower() not in {"", "none"} else 1
            self.stroke = max(self.stroke, stroke)
            if name == "stroke-dasharray":
                self.dash = min(self.dash, shortest_dash(value))
            self.declared += len(names) + is_layer + (stroke > 1)

    def add(self, other: "_Style") -> None:
        """Draw with these too."""
        self.own |= other.own
        self.inherited |= other.inherited
        self.has_layer = self.has_layer or other.has_layer
        self.stroke = max(self.stroke, other.stroke)
        self.dash = min(self.dash, other.dash)


def _key(selector: str) -> str | None:
    """The class or the kind of element that a selector is about; None when that is not plain."""
    last = re.split(r"[\s>+~]", selector.strip())[-1]
    return last if ";" not in selector and _SELECTOR.fullmatch(last) else None


def _bearable(cost: float) -> int:
    if cost > MOST_DRAWN:
        raise TooMuch("So much is drawn again and again in the SVG that browsers would hang.")
    return math.ceil(cost)
