"""Where in a TOML text each name stands; ``tomllib`` gives the values and forgets the places.

For texts that ``tomllib`` has read without complaint. Anything else gets no place, or a wrong one, but never an error.
"""

import re
import tomllib
from bisect import bisect_left

KeyPath = tuple[str, ...]
Position = tuple[int, int]  # line and column, counted from 1

START: Position = (1, 1)

_TOKEN = re.compile(
    r'''
      (?P<string> """(?:\\(?:.|\Z)|[^\\])*?(?:"{3,5}|\Z) | \'\'\'.*?(?:\'{3,5}|\Z)
                 | "(?:\\.|[^"\\\n])*+"? | '[^'\n]*+'? )
    | (?P<comment> \#[^\n]* )
    | (?P<bare> [A-Za-z0-9_-]+ )
    | (?P<mark> [\[\]{}=,\n] )
    ''',
    re.VERBOSE | re.DOTALL,
)


def positions(text: str) -> dict[KeyPath, Position]:
    """The place of every name outside inline tables; a name inside one stands where its table stands."""
    found: dict[KeyPath, Position] = {}
    line_ends = [-1, *(end.start() for end in re.finditer("\n", text))]
    header: KeyPath = ()
    name: list[str] = []  # the parts of the name being read
    start = 0  # where it began
    depth = 0  # of brackets in the value being read
    reading = "name"  # or "header", or "value"
    for token in _TOKEN.finditer(text):
        kind, word = token.lastgroup, token[0]
        if reading == "value":
            depth += (word in {"[", "{"}) - (word in {"]", "}"})
            if word == "\n" and depth <= 0:
                reading, name, depth = "name", [], 0
        elif kind in {"bare", "string"}:
            if not name:
                start = token.start()
            name.append(_name_of(word))
        elif word == "[":
            reading, name = "header", []
        elif word == "]" and reading == "header" and name:
            header = tuple(name)
            found.setdefault(header, _position(start, line_ends))
            name = []
        elif word == "=":
            found.setdefault(header + tuple(name), _position(start, line_ends))
            reading = "value"
        elif word == "\n":
            reading, name = "name", []
    return found


def position_of(path: KeyPath, found: dict[KeyPath, Position]) -> Position:
    """The place of a name, or of the nearest table around it."""
    while path:
        if path in found:
            return found[path]
        path = path[:-1]
    return START


def _position(offset: int, line_ends: list[int]) -> Position:
    line = bisect_left(line_ends, offset)
    return line, offset - line_ends[line - 1]


def _name_of(word: str) -> str:
    if word.startswith('"') and "\\" in word:
        try:
            return str(tomllib.loads(f"name = {word}")["name"])
        except tomllib.TOMLDecodeError:
            return word
    return word.strip("\"'")
