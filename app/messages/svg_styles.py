"""The styles and effects of an SVG: what fetches, moves or costs too much to draw is taken out of them."""

import re
from collections.abc import Collection, Iterator
from xml.etree.ElementTree import Element

from app.messages.drawing import EFFECTS

# What was taken out, in a designer's words.
EFFECT, MOVEMENT, FETCHING = "an effect such as a shadow or a blur", "an animation", "a style that fetches something"

ELSEWHERE = re.compile(r"url\(\s*+(?!#)[^)]*\)?", re.IGNORECASE)
_FETCHING = re.compile(
    r"(?:image|image-set|src|cross-fade|expression|element)\s*\(|javascript:|(?:behaviou?r|binding)\s*:", re.IGNORECASE
)
_MOVING_OR_EFFECT = re.compile(
    r"(?<![\w-])(?P<name>(?:-[a-z]{1,9}-)?(?:(?:backdrop-)?filter|(?:animation|transition|offset)(?:-[a-z]+)*))\s*:"
    r"(?P<value>[^;{}]*)",
    re.IGNORECASE,
)
_FAREST_PERCENT, _WIDEST_BLUR = 400, 100
_OF_A_FILTER = re.compile(r"\s*url\(#([^)]*)\)\s*", re.IGNORECASE)


def clean_styles(root: Element, *, with_effects: bool = True) -> Iterator[str]:
    """Clean the styles and effects of a drawing, and tell what was taken out.

    :param root: its elements, in no namespace.
    :param with_effects: let those stay of which it is known what they cost.
    """
    for parent in list(root.iter()):
        for child in [each for each in parent if each.tag == "filter"]:
            if not with_effects or any(part.tag not in EFFECTS for part in child) or _is_huge(child):
                parent.remove(child)
                yield EFFECT
    filters = {each.get("id", "") for each in root.iter("filter")}
    for element in root.iter():
        if element.tag == "style":
            style = "".join(element.itertext())
            element.text, found = _cleaned(style, filters)
            yield from found
        for name in [each for each in element.attrib if each != "href"]:
            value = element.attrib[name]
            if name == "style":
                element.attrib[name], found = _cleaned(value, filters)
            elif name == "filter":
                kept, found = _cleaned(f"filter:{value}", filters)
                element.attrib[name] = kept.partition(":")[2]
            else:
                element.attrib[name], found = ELSEWHERE.sub("url(#)", value), []
            yield from found
            if value and not element.attrib[name]:
                del element.attrib[name]


def _is_huge(effect: Element) -> bool:
    """Whether it spreads so far that browsers draw many times the picture for it."""
    region = [effect.get(name, "") for name in ("x", "y", "width", "height")]
    spread = [number for part in effect for number in part.get("stdDeviation", "").replace(",", " ").split()]
    return any(_number(each.removesuffix("%")) > _FAREST_PERCENT for each in region if each.endswith("%")) or any(
        _number(each) > _WIDEST_BLUR for each in spread
    )


def _number(text: str) -> float:
    try:
        return abs(float(text))
    except ValueError:
        return 0


def _cleaned(style: str, filters: Collection[str]) -> tuple[str, list[str]]:
    """A style without what acts in it, and what that was.

    :param filters: the names of those that there are.
    """
    first, *others = style.split("/*")
    style = first + "".join(each.partition("*/")[2] for each in others)
    if _FETCHING.search(style):
        return "", [FETCHING]
    found: list[str] = []

    def kept(declaration: re.Match[str]) -> str:
        name, value = declaration["name"].lower(), declaration["value"].strip().lower()
        if name == "filter" and (value == "none" or _is_of(declaration["value"], filters)):
            return declaration[0]
        if value not in {"none", "auto"}:
            found.append(EFFECT if "filter" in name else MOVEMENT)
        return ""

    return ELSEWHERE.sub("url(#)", _MOVING_OR_EFFECT.sub(kept, style)), found


def _is_of(value: str, filters: Collection[str]) -> bool:
    named = _OF_A_FILTER.fullmatch(value)
    return named is not None and named[1].strip() in filters
