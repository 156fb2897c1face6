"""The styles of an SVG: what fetches or moves is taken out of them, and so are all effects (``filter``).

What an effect costs hangs on how large browsers draw what it is for: a blur of 28 shapes took Chromium 20 seconds.
"""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

# What was taken out, in a designer's words.
EFFECT = "an effect such as a shadow or a blur (to keep it, save as PNG)"
MOVEMENT, FETCHING = "an animation", "a style that fetches something"

ELSEWHERE = re.compile(r"url\(\s*+(?!#)[^)]*\)?", re.IGNORECASE)
_FETCHING = re.compile(
    r"(?:image|image-set|src|cross-fade|expression|element)\s*\(|javascript:|(?:behaviou?r|binding)\s*:", re.IGNORECASE
)
_MOVING_OR_EFFECT = re.compile(
    r"(?<![\w-])(?P<name>(?:-[a-z]{1,9}-)?(?:(?:backdrop-)?filter|(?:animation|transition|offset)(?:-[a-z]+)*))\s*:"
    r"(?P<value>[^;{}]*)",
    re.IGNORECASE,
)


def clean_styles(root: Element) -> Iterator[str]:
    """Clean the styles of a drawing, take its effects out, and tell what was taken out.

    :param root: its elements, in no namespace.
    """
    for parent in list(root.iter()):
        for effect in [each for each in parent if each.tag == "filter"]:
            parent.remove(effect)
            yield EFFECT
    for element in root.iter():
        if element.tag == "style":
            element.text, found = _cleaned("".join(element.itertext()))
            yield from found
        for name in [each for each in element.attrib if each != "href"]:
            value = element.attrib[name]
            if name == "style":
                element.attrib[name], found = _cleaned(value)
            elif name == "filter":
                kept, found = _cleaned(f"filter:{value}")
                element.attrib[name] = kept.partition(":")[2]
            else:
                element.attrib[name], found = ELSEWHERE.sub("url(#)", value), []
            yield from found
            if value and not element.attrib[name]:
                del element.attrib[name]


def _cleaned(style: str) -> tuple[str, list[str]]:
    """A style without what acts in it, and what that was."""
    first, *others = style.split("/*")
    style = first + "".join(each.partition("*/")[2] for each in others)
    if _FETCHING.search(style):
        return "", [FETCHING]
    found: list[str] = []

    def kept(declaration: re.Match[str]) -> str:
        name, value = declaration["name"].lower(), declaration["value"].strip().lower()
        if value not in {"none", "auto"}:
            found.append(EFFECT if "filter" in name else MOVEMENT)
        return ""

    return ELSEWHERE.sub("url(#)", _MOVING_OR_EFFECT.sub(kept, style)), found
