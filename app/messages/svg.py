"""SVG pictures cleaned by ``py_svg_hush``: what draws stays, what acts is taken out.

Around the library stands what it does not bound: depth and length once entities are read, addresses, effects and
movement (``filter``, ``animation``), and how much is drawn when each name stands for what it names.
"""

import base64
import binascii
import math
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache, lru_cache
from xml.etree.ElementTree import Element, ParseError, fromstring, tostring

from py_svg_hush import filter_svg

from app.messages.problems import Invalid
from app.messages.rasters import size_of

DEEPEST = 100  # elements inside one another
MOST_DRAWN = 60_000  # shapes, each as often as it is drawn
_CHARS_A_SHAPE = 16  # of a path or a text
_POINTS_A_SHAPE = 400  # of a picture inside the drawing
_MOST_CHARS = 1024 * 1024  # of names, values and texts once entities stand for what they say
_IMAGES = {"image": ["png", "jpeg", "webp"]}  # that may be inside a drawing

_SVG, _XLINK_HREF = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
_NOTES = frozenset({"metadata", "desc"})  # for those who open the file in a drawing program
_MOVING = frozenset({"animate", "animateColor", "animateMotion", "animateTransform", "set", "mpath", "discard"})
_LEFT_OUT = _MOVING | {"script", "handler", "foreignObject", "filter", "textPath"}
_DRAWING = frozenset(["path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "image", "use"])
_IN_A_TEXT = frozenset({"text", "tspan"})
_MARK = "\ue000"  # a character of nobody's; keeps py_svg_hush from beginning a line inside a text, which would show
_DATA = re.compile(r"\s*data:image/(?:png|jpe?g|webp);base64,")
_OWN_NAME = re.compile(r"\s*#[^\s\"'()<>\\]+\s*")
_NAMED = re.compile(r"(?<![\w-])([\w-]++)\s*+:\s*+[^;:{}]*?url\(\s*+['\"]?#([^'\")\s]+)", re.IGNORECASE)
_GRADIENTS = frozenset({"linearGradient", "radialGradient"})  # cost nothing more however often they are named
_BY_NAME_ONLY = frozenset({*_GRADIENTS, "defs", "symbol", "clipPath", "mask", "pattern", "marker", "style", "title"})
_NOT_INHERITED = frozenset({"clip-path", "mask"})

_ELSEWHERE = re.compile(r"url\(\s*+['\"]?+(?!#)[^)]*\)?", re.IGNORECASE)
_FETCHING = re.compile(
    r"@import|(?:image|image-set|src|cross-fade|expression|element)\s*\(|javascript:|(?:behaviou?r|binding)\s*:",
    re.IGNORECASE,
)
_MOVING_OR_EFFECT = re.compile(
    r"(?<![\w-])(?:-[a-z]{1,9}-)?(?:(?:backdrop-)?filter|(?:animation|transition|offset)(?:-[a-z]+)*)\s*:[^;{}]*",
    re.IGNORECASE,
)
# What of an SVG is not shown, in a designer's words, and how it looks in the file.
_TOLD = {
    "a script": re.compile(r"<script|<handler|\son[a-z]+=", re.IGNORECASE),
    "an animation": re.compile(
        r"<(?:animate|set\b|mpath|discard)|[\s;{\"](?:animation|transition)[a-z-]*\s*:", re.IGNORECASE
    ),
    "a piece of a web page": re.compile(r"<(?:foreignObject|iframe|audio|video|canvas)", re.IGNORECASE),
    "text along a path (turn it into a path)": re.compile(r"<textPath", re.IGNORECASE),
    "a picture from elsewhere": re.compile(r"<image(?![^<>]*\shref=\"\s*data:)[^<>]*>", re.IGNORECASE),
    "a link": re.compile(r"<a\s[^<>]*href=\"(?!#)", re.IGNORECASE),
    "a reference to another file": re.compile(
        r"<use\s[^<>]*href=\"(?!#)|(?<!@import )url\((?![\s'\"]*(?:#|data:font))", re.IGNORECASE
    ),
    "a font": re.compile(r"@font-face", re.IGNORECASE),
    "a style that fetches something": re.compile(r"@import|expression\(|image-set\(", re.IGNORECASE),
    "an effect such as a shadow or a blur (to keep it, save as PNG)": re.compile(
        r"<filter|[\s;{\"]filter(?:\s*:|=\")(?!\s*none)", re.IGNORECASE
    ),
}
TAKEN_OUT = frozenset(_TOLD)  # all that there may be
_SAVE_AGAIN = "Save it as a plain SVG from your drawing program, or as PNG."


@dataclass(frozen=True)
class Drawn:
    """A cleaned SVG.

    :ivar taken_out: what of the picture is not in it any more, in a designer's words
    """

    content: bytes
    taken_out: tuple[str, ...]


class NotSvg(Invalid):
    """It is no SVG, or one that browsers show nothing of."""

    def __init__(self, description: str, suggestion: str = _SAVE_AGAIN) -> None:
        super().__init__(description, suggestion)


def clean(content: bytes) -> Drawn:
    """What draws of an SVG, whatever is in it.

    :param content: of a size that was looked at before.
    :raises NotSvg: nothing is left, or it is broken, or browsers would hang over it.
    """
    try:
        root = fromstring(content)  # noqa: S314 - expat bounds what entities become, and fetches nothing
        _check_bounds(root)
        _keep_ours(root)
        text = tostring(root, encoding="unicode")
        taken_out = tuple(sorted(what for what, looks in _TOLD.items() if looks.search(text)))
        _take_out(root)
        cleaned = fromstring(filter_svg(tostring(root), keep_data_url_mime_types=_IMAGES))  # noqa: S314 - no entities
    except (ParseError, ValueError, LookupError) as error:
        raise NotSvg("The SVG cannot be read: it is broken.") from error
    for element in cleaned.iter():
        element.tag = element.tag.removeprefix(_SVG)
        element.text, element.tail = (text and text.replace(_MARK, "") for text in (element.text, element.tail))
        _clean_styles(element)
    if _drawn(cleaned) > MOST_DRAWN:
        raise NotSvg("So much is drawn again and again in the SVG that browsers would hang.")
    if not any(each.tag in _DRAWING for each in cleaned.iter()):
        raise NotSvg(f"There is nothing in the SVG to draw{', only ' if taken_out else ''}{' and '.join(taken_out)}.")
    cleaned.attrib = {"xmlns": _SVG.strip("{}"), **cleaned.attrib}
    return Drawn(tostring(cleaned), taken_out)


def _check_bounds(root: Element) -> None:
    if root.tag != f"{_SVG}svg":
        if root.tag.rpartition("}")[2] != "svg":
            raise NotSvg("It is no picture that browsers show.", "Save it as SVG, PNG, JPEG or WebP.")
        instead = 'Write <svg xmlns="http://www.w3.org/2000/svg" … at its start, or save it anew.'
        raise NotSvg("The SVG does not say that it is one (xmlns), so browsers show nothing of it.", instead)
    chars, level = 0, [root]
    for _ in range(DEEPEST):
        for each in level:
            chars += len(each.text or "") + len(each.tail or "") + sum(map(len, (*each.attrib, *each.attrib.values())))
        level = [child for each in level for child in each]
    if level:
        raise NotSvg("Too much is inside one another in the SVG.")
    if chars > _MOST_CHARS:
        raise NotSvg("The SVG becomes too long once it is read.")


def _keep_ours(element: Element) -> None:
    """Leave out other programs' elements and attributes, and all namespaces."""
    element.tag = element.tag.removeprefix(_SVG)
    attributes = {"href" if name == _XLINK_HREF else name: value for name, value in element.attrib.items()}
    element.attrib = {name: value for name, value in attributes.items() if not name.startswith("{")}
    for child in list(element):
        kind = child.tag.removeprefix(_SVG)
        # With requiredExtensions, no browser shows it: Illustrator keeps its file there.
        if kind == child.tag or kind in _NOTES or element.tag == "style" or "requiredExtensions" in child.attrib:
            element.remove(child)
        else:
            _keep_ours(child)


def _take_out(element: Element) -> None:
    """Take out what acts and what leads elsewhere, where the library's own list is longer or differs."""
    href = element.get("href")
    if href is not None and not (_OWN_NAME.fullmatch(href) or (element.tag == "image" and _DATA.match(href))):
        del element.attrib["href"]
    if element.tag in _IN_A_TEXT:
        element.text = _MARK + (element.text or "")
        element.tail = (element.tail or "") + _MARK if element.tag == "tspan" else element.tail
    for child in list(element):
        _take_out(child)
        if child.tag in _LEFT_OUT or (child.tag == "image" and "href" not in child.attrib):
            element.remove(child)
    if not element.get("xmlns") and element.tag == "svg":
        element.set("xmlns", _SVG.strip("{}"))


def _clean_styles(element: Element) -> None:
    if element.tag == "style":
        element.text = _cleaned("".join(element.itertext()))
    element.attrib.pop("filter", None)
    for name, value in list(element.attrib.items()):
        if name != "href":
            element.attrib[name] = _cleaned(value) if name == "style" else _ELSEWHERE.sub("url(#)", value)


def _cleaned(style: str) -> str:
    """A style without what fetches, moves or has an effect. What a blur costs hangs on how large it is drawn."""
    first, *others = style.split("/*")
    style = first + "".join(each.partition("*/")[2] for each in others)
    return "" if _FETCHING.search(style) else _ELSEWHERE.sub("url(#)", _MOVING_OR_EFFECT.sub("", style))


def _drawn(root: Element) -> float:
    """How many shapes a browser draws: two thousand bytes of names in names can ask for a thousand million."""
    named: dict[str, list[Element]] = defaultdict(list)
    for element in root.iter():
        named[f"#{element.get('id')}"].append(element)
    of_selector: dict[str, list[str]] = defaultdict(list)  # a class or "", which is for all → declarations that name
    for rule in "".join(element.text or "" for element in root.iter("style")).split("}"):
        selectors, _, declarations = rule.rpartition("{") if rule.count("{") == 1 else ("", "", rule)
        if "url(" in declarations:
            for each in selectors.split(","):
                is_class = re.fullmatch(r"\s*\.[\w-]+\s*", each)
                of_selector[each.strip()[1:] if is_class else ""].append(declarations)
    counts: dict[Element, float] = {}

    def count(element: Element) -> float:
        if element not in counts:
            counts[element] = math.inf  # for what names itself, over some others perhaps
            own = 1 + sum(len(element.get(name, "")) for name in ("d", "points")) // _CHARS_A_SHAPE
            own += len(element.text or "") // _CHARS_A_SHAPE if element.tag in _IN_A_TEXT else 0
            own += _points_in(element) // _POINTS_A_SHAPE
            inside = sum(count(child) for child in element if child.tag not in _BY_NAME_ONLY)
            used = sum(count(each) for each in named.get(element.get("href", ""), ()) if each.tag not in _GRADIENTS)
            by_attributes = ";".join(f"{name}:{value}" for name, value in element.attrib.items() if "url(" in value)
            classes = ("", *dict.fromkeys(element.get("class", "").split()))
            styles = [by_attributes, *(each for name in classes for each in of_selector.get(name, ()))]
            once, each_time = map(sum, zip(*map(count_named, styles), strict=True))
            counts[element] = once + (own + inside + used) * (1 + each_time)
        return counts[element]

    @cache
    def count_named(style: str) -> tuple[float, float]:
        """What a style draws besides: once, and with each shape inside."""
        once = each_time = 0.0
        for property_name, name in _names_in(style):
            more = sum(count(each) for each in named.get(f"#{name}", ()) if each.tag not in _GRADIENTS)
            is_once = property_name.lower() in _NOT_INHERITED
            once, each_time = (once + more, each_time) if is_once else (once, each_time + more)
        return once, each_time

    try:
        return count(root)
    except RecursionError:
        return math.inf


@lru_cache(64)  # what names itself asks for the same style again, as deep as Python goes
def _names_in(style: str) -> frozenset[tuple[str, str]]:
    """Properties of a style, each with an element that it names."""
    return frozenset(_NAMED.findall(style))


def _points_in(image: Element) -> int:
    if image.tag != "image" or not _DATA.match(image.get("href", "")):
        return 0
    try:
        width, height = size_of(base64.b64decode(image.get("href", "").partition(",")[2]))
    except Invalid as unfit:
        raise NotSvg(f"A picture inside the SVG {unfit}.") from unfit
    except binascii.Error as error:
        raise NotSvg("A picture inside the SVG is cut off or broken.") from error
    return width * height
