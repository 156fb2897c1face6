"""How many dashes the lines of an SVG fall into: browsers draw each, and a few bytes can ask for a million.

The length of a line is told from its numbers, rather too long than too short.
"""

import math
import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

NO_DASHES = math.inf
LINES = frozenset({"text", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon"})

_ROUND = 7  # the way through some points, or round a circle, is at most so many times as long as their numbers
_OUTLINES = frozenset({"d", "points"})
_SIDES = frozenset({"r", "rx", "ry", "x", "y", "cx", "cy", "x1", "y1", "x2", "y2", "width", "height", "pathlength"})
_NUMBER = re.compile(r"(?:\d++(?:\.\d*+)?|\.\d++)(?:e[+-]?\d++)?", re.ASCII | re.IGNORECASE)
_LENGTH = re.compile(rf"[+-]?({_NUMBER.pattern})(?:px|pt|pc|mm|cm|in|q)?", re.ASCII | re.IGNORECASE)
_SOLID = frozenset({"", "none", "inherit", "initial", "unset"})


def shortest_dash(value: str) -> float:
    """How long a dash and the gap behind it are together, by a ``stroke-dasharray``; 0 when nobody can tell."""
    value = value.partition("!")[0].strip().lower()
    if value in _SOLID:
        return NO_DASHES
    lengths = [_LENGTH.fullmatch(each) for each in re.split(r"[\s,]+", value)]
    if not all(lengths):
        return 0
    return sum(float(each[1]) for each in lengths if each) or NO_DASHES


def longest_line(element: Element) -> float:
    """How long the outline of a shape may be, by its attributes and its own style; infinite when nobody can tell."""
    if element.tag == "text":
        return math.inf
    return sum(map(_length, element.attrib, element.attrib.values())) + longest_in(element.get("style", ""))


def longest_in(style: str) -> float:
    """What a style adds to the outline of a shape."""
    return sum(_length(name, value) for name, value in _declarations(style))


def _declarations(style: str) -> Iterator[tuple[str, str]]:
    for declaration in re.split(r"[;{}]", style):
        name, _, value = declaration.partition(":")
        yield name.strip(), value.strip()


def _length(name: str, value: str) -> float:
    if name.lower() in _OUTLINES:
        numbers = [float(each) for each in _NUMBER.findall(value)]
        commands = value.lower()
        # Where a line goes back to its start, or is bent as the one before, its numbers do not say how far it goes.
        return _ROUND * sum(numbers) * (1 + commands.count("z") + commands.count("t"))
    if name.lower() not in _SIDES:
        return 0
    length = _LENGTH.fullmatch(value.strip())
    return _ROUND * float(length[1]) if length else math.inf
