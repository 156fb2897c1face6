"""SVG pictures cleaned: what draws stays, what acts is taken out, and so is what only drawing programs read.

Browsers run nothing of an SVG in an ``<img>`` or a stylesheet, and the site forbids it besides; cleaned, a picture does
nothing in any other place either. ``py_svg_hush`` knows what draws. Around it stands what it does not bound: how deep
and how long a file becomes once it is read, effects and movement, and how much there is to draw.
"""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser, fromstring, tostring

from py_svg_hush import filter_svg

from app.messages.drawing import DEEPEST, Drawing, TooMuch
from app.messages.rasters import Unfit, size_of
from app.messages.svg_styles import EFFECT, ELSEWHERE, FETCHING, MOVEMENT, clean_styles

_SVG, _XLINK_HREF = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
_MOST_ELEMENTS = 60_000
_MOST_CHARS = 1024 * 1024  # of names, values and texts once entities stand for what they say
_IMAGES = {"image": ["png", "jpeg", "webp"]}  # that may be inside a drawing
_DATA = re.compile(r"\s*data:image/(?:png|jpe?g|webp);base64,")
_OWN_NAME = re.compile(r"\s*#[^\s\"'()<>\\]+\s*")
_MOVING = frozenset({"animate", "animateColor", "animateMotion", "animateTransform", "set", "mpath", "discard"})
_DRAWING = frozenset(["path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "image", "use"])
_ACTING = _MOVING | {"script", "handler", "foreignObject"}
_NOTES = frozenset({"metadata", "desc"})  # for those who open the file in a drawing program
_IN_A_TEXT = frozenset({"text", "tspan", "textPath"})
_MARK = "\ue000"  # a character of nobody's; keeps py_svg_hush from beginning a line inside a text, which would show
_TAKEN_OUT = {  # elements: what they are to somebody who draws
    **dict.fromkeys(("script", "handler"), "a script"),
    **dict.fromkeys(_MOVING, MOVEMENT),
    **dict.fromkeys(("foreignObject", "iframe", "audio", "video", "canvas"), "a piece of a web page"),
    "textPath": "text along a path (turn it into a path)",
    "image": "a picture from elsewhere",
}
_FONT, _FILE, _LINK, _SCRIPT = "a font", "a reference to another file", "a link", "a script"
TAKEN_OUT = frozenset({*_TAKEN_OUT.values(), EFFECT, MOVEMENT, FETCHING, _FONT, _FILE, _LINK, _SCRIPT})  # all there is
_SAVE_AGAIN = "Save it as a plain SVG from your drawing program, or as PNG."


@dataclass(frozen=True)
class Drawn:
    """A cleaned SVG.

    :ivar taken_out: what of the picture is not in it any more, in a designer's words
    """

    content: bytes
    taken_out: tuple[str, ...]


class NotSvg(Exception):
    """It is no SVG, or one that browsers show nothing of; the texts say what is wrong and what to do instead."""

    def __init__(self, problem: str, instead: str = _SAVE_AGAIN) -> None:
        super().__init__(problem)
        self.problem, self.instead = problem, instead


def clean(content: bytes) -> Drawn:
    """What draws of an SVG, whatever is in it.

    :param content: of a size that was looked at before.
    :raises NotSvg: nothing is left, or it is broken, or browsers would hang over it.
    """
    try:
        reader = _Reader()
        parser = XMLParser(target=reader)  # noqa: S314 - it fetches nothing, and its reader counts what entities become
        parser.feed(content)
        root = parser.close()
        filtered = filter_svg(tostring(root), keep_data_url_mime_types=_IMAGES)
        cleaned = fromstring(filtered)  # noqa: S314 - without entities
    except (ParseError, ValueError, LookupError) as error:
        raise NotSvg("The SVG cannot be read: it is broken.") from error
    for element in cleaned.iter():
        element.tag = element.tag.removeprefix(_SVG)
        element.text, element.tail = _unmarked(element.text), _unmarked(element.tail)
    taken_out = reader.taken_out | {
        _TAKEN_OUT[kind]: True
        for kind in Counter(each.tag for each in root.iter()) - Counter(each.tag for each in cleaned.iter())
        if kind in _TAKEN_OUT
    }
    taken_out |= dict.fromkeys(clean_styles(cleaned), True)
    try:
        Drawing(cleaned, reader.image_points).cost()
    except TooMuch as too_much:
        raise NotSvg(str(too_much)) from too_much
    if not any(each.tag in _DRAWING for each in cleaned.iter()):
        raise NotSvg(f"There is nothing in the SVG to draw{', only ' if taken_out else ''}{' and '.join(taken_out)}.")
    cleaned.attrib = {"xmlns": _SVG.strip("{}"), **cleaned.attrib}
    return Drawn(tostring(cleaned), tuple(sorted(taken_out)))


class _Reader:
    """Builds an SVG's elements, without those of other programs and without what acts; in no namespace."""

    def __init__(self) -> None:
        self._builder = TreeBuilder()
        self._chars, self._elements = 0, 0
        self._open: list[str | None] = []  # kinds; None for what is left out with all that is in it
        self._style: list[str] = []
        self.taken_out: dict[str, bool] = {}
        self.image_points = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        kind = tag.removeprefix(_SVG)
        if not self._open and tag != f"{_SVG}svg":
            raise _no_svg(tag)
        if len(self._open) >= DEEPEST:
            raise NotSvg("Too much is inside one another in the SVG.")
        self._elements += 1
        self._count(sum(len(name) + len(value) for name, value in attributes.items()))
        if self._elements > _MOST_ELEMENTS:
            raise NotSvg("There are so many shapes in the SVG that browsers would hang.")
        is_ours = self._is_ours(tag, attributes)
        kept = dict(self._attributes(kind, attributes)) if is_ours else {}
        if kind == "image" and is_ours and "href" not in kept:
            self.taken_out[_TAKEN_OUT[kind]] = True
            is_ours = False
        self._open.append(kind if is_ours else None)
        if not is_ours:
            return
        if len(self._open) == 1:
            kept["xmlns"] = _SVG.strip("{}")
        self._builder.start(kind, kept)
        if kind in _IN_A_TEXT:
            self._builder.data(_MARK)

    def _is_ours(self, tag: str, attributes: dict[str, str]) -> bool:
        kind = tag.removeprefix(_SVG)
        if kind == tag or kind in _NOTES or (self._open and self._open[-1] in {None, "style"}):
            return False
        if kind not in _ACTING:
            return True
        if "requiredExtensions" not in attributes:  # with it, no browser shows it: Illustrator keeps its file there
            self.taken_out[_TAKEN_OUT[kind]] = True
        return False

    def end(self, tag: str) -> None:
        """An element ends."""
        kind = self._open.pop()
        if kind == "style":
            self._look_at_style("".join(self._style).lower())
            self._style.clear()
        if kind is not None:
            self._builder.end(kind)
            if kind in _IN_A_TEXT and self._open[-1] in _IN_A_TEXT:
                self._builder.data(_MARK)

    def data(self, text: str) -> None:
        """A text, or a piece of one."""
        self._count(len(text))
        if self._open and self._open[-1] is not None:
            self._builder.data(text)
            if self._open[-1] == "style":
                self._style.append(text)

    def close(self) -> Element:
        """The outermost element."""
        return self._builder.close()

    def _look_at_style(self, style: str) -> None:
        if "@import" in style:
            self.taken_out[FETCHING] = True
        elif "@font-face" in style:
            self.taken_out[_FONT] = True
        elif _leads_elsewhere(style):
            self.taken_out[_FILE] = True

    def _count(self, chars: int) -> None:
        self._chars += chars
        if self._chars > _MOST_CHARS:
            raise NotSvg("The SVG becomes too long once it is read.")

    def _attributes(self, kind: str, attributes: dict[str, str]) -> Iterator[tuple[str, str]]:
        for name, value in attributes.items():
            plain = "href" if name == _XLINK_HREF else name
            if plain.lower().startswith("on"):
                self.taken_out[_SCRIPT] = True
            elif plain == "href":
                if kind == "textPath":
                    self.taken_out[_TAKEN_OUT[kind]] = True
                elif kind == "image" and _DATA.match(value):
                    self.image_points += self._points_of(value)
                    yield plain, value
                elif _OWN_NAME.fullmatch(value):
                    yield plain, value.strip()
                elif kind != "image":  # which is told of as a whole
                    self.taken_out[_LINK if kind == "a" else _FILE] = True
            elif not plain.startswith("{"):
                if _leads_elsewhere(value):
                    self.taken_out[_FILE] = True
                yield plain, value

    def _points_of(self, address: str) -> int:
        try:
            width, height = size_of(base64.b64decode(address.partition(",")[2]))
        except Unfit as unfit:
            raise NotSvg(f"A picture inside the SVG {unfit.trouble[0]}.") from unfit
        except binascii.Error as error:
            raise NotSvg("A picture inside the SVG is cut off or broken.") from error
        return width * height


def _no_svg(tag: str) -> NotSvg:
    if tag.rpartition("}")[2] != "svg":
        return NotSvg("It is no picture that browsers show.", "Save it as SVG, PNG, JPEG or WebP.")
    instead = 'Write <svg xmlns="http://www.w3.org/2000/svg" … at its start, or save it anew.'
    return NotSvg("The SVG does not say that it is one (xmlns), so browsers show nothing of it.", instead)


def _leads_elsewhere(style: str) -> bool:
    return ELSEWHERE.search(style.replace("'", "").replace('"', "")) is not None


def _unmarked(text: str | None) -> str | None:
    return text.replace(_MARK, "") if text else text
