"""A TOML text in pieces that are read one by one, so that a slip costs the piece that it is in and nothing else.

A piece is an entry with all of its lines, or a heading. A broken heading takes its section with it: without their
heading, the lines below it would say something else.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.messages.faults import Fault
from app.messages.syntax import explain

MOST_FAULTS = 50  # of one file that are told
MOST_REPEATS = 20  # names given twice are found one at a time, and each costs a reading of the whole file
MOST_PARTS = 64  # of a dotted name; tomllib's memory grows with their square
_MOST_LINES_OF_A_TEXT = 6  # that was broken by the Enter key

_PART_OR_DOT = re.compile(
    r"""(?P<part>[A-Za-z0-9_-]++|"(?:\\.|[^"\\])*+"?|'[^']*+'?)|(?P<dot>\.)|[ \t]++|(?P<other>.)"""
)
_ENTRY = re.compile(r"""\s*(?:"[^"\n]*"|'[^'\n]*'|[^\s"'=\[{#][^\s=]*)\s*=""")
_FIELD = re.compile(r"\s*(?:text|title|link|url)\s*[=:]|\s*\}")
_LIKE_HEADING = re.compile(r"\[|[(<][\w.-]+[)>]\s*$|[\w.-]+\s*\]\s*$")
_WORD = re.compile(r"[\w.*:-]+")
_STRING_OR_REMARK = re.compile(r"""(?P<whole>"(?:\\.|[^"\\\n])*+"|'[^'\n]*'|#[^\n]*)|"(?:\\.|[^"\\\n])*+""")


@dataclass(frozen=True)
class Reading:
    """What could be read of a text.

    :ivar values: as ``tomllib`` gives them
    :ivar text: the text, in which what could not be read is blank; its lines are where they were
    :ivar faults: what is wrong with the pieces that were left out
    :ivar left_out: the names that they may have held
    """

    values: dict[str, Any]
    text: str
    faults: tuple[Fault, ...] = ()
    left_out: frozenset[str] = frozenset()


def read_whole_or_in_pieces(file: str, text: str) -> Reading:
    """Read a text; what cannot be read is left out and told."""
    if not _has_long_name(text):
        try:
            return Reading(tomllib.loads(text), text)
        except (ValueError, RecursionError):
            pass
    return _Pieces(file, text).read()


def _has_long_name(text: str) -> bool:
    return any(line.count(".") >= MOST_PARTS and _most_dots(line) >= MOST_PARTS for line in text.split("\n"))


def _most_dots(line: str) -> int:
    """How many dots the longest dotted name of a line has: parts and dots in turn, with blanks between them."""
    most = dots = 0
    last = "other"
    for found in _PART_OR_DOT.finditer(line):
        kind = found.lastgroup
        if kind is None:  # blanks
            continue
        if kind == "dot" and last == "part":
            dots += 1
            most = max(most, dots)
        elif not (kind == "part" and last == "dot"):
            dots = 0
        last = kind
    return most


class _Pieces:
    def __init__(self, file: str, text: str) -> None:
        self._file = file
        self._lines = text.split("\n")
        self._faults: list[Fault] = []
        self._left_out: set[str] = set()

    def read(self) -> Reading:
        for first, after in list(_pieces(self._lines)):
            text = "\n".join(self._lines[first:after])
            if text.strip() and (fault := self._fault_of(text, first)):
                self._leave_out(first, after, fault)
        for _ in range(MOST_REPEATS + 1):
            text = "\n".join(self._lines)
            try:
                values = tomllib.loads(text)
            except (ValueError, RecursionError) as error:
                fault = explain(self._file, text, error)
                at = next((piece for piece in _pieces(self._lines) if piece[0] < fault.line <= piece[1]), None)
                if at is None:
                    break
                self._leave_out(*at, fault)
            else:
                return Reading(values, text, self._told(), frozenset(self._left_out))
        everything = frozenset(_WORD.findall("\n".join(self._lines))) | self._left_out
        return Reading({}, "", self._told(), everything)

    def _fault_of(self, text: str, first: int) -> Fault | None:
        if _has_long_name(text):
            problem = f"A name on this line has more than {MOST_PARTS} dots in it."
            return Fault(self._file, first + 1, 1, problem, "Use fewer of them.")
        try:
            tomllib.loads(text)
        except RecursionError:
            problem = "There are brackets inside brackets, too many to follow."
            return Fault(self._file, first + 1, 1, problem, "Remove them.")
        except ValueError as error:  # tomllib's own, and what int() says of a number with 5,000 digits
            return explain(self._file, text, error, first_line=first + 1)
        return None

    def _leave_out(self, first: int, after: int, fault: Fault) -> None:
        if _LIKE_HEADING.match(self._lines[first].strip()):
            begins = after
            while after < len(self._lines) and not self._lines[after].lstrip().startswith("["):
                after += 1
            if any(line.strip() and not line.lstrip().startswith("#") for line in self._lines[begins:after]):
                problem = f"{fault.problem} The lines below it are left out until then."
                fault = Fault(fault.file, fault.line, fault.column, problem, fault.instead)
        self._faults.append(fault)
        for number in range(first, after):
            name = self._lines[number].partition("=")[0]
            self._left_out.update(word.rstrip(":") for word in _WORD.findall(name))
            self._lines[number] = ""

    def _told(self) -> tuple[Fault, ...]:
        if len(self._faults) <= MOST_FAULTS:
            return tuple(self._faults)
        untold = len(self._faults) - MOST_FAULTS
        last = self._faults[MOST_FAULTS - 1]
        more = Fault(
            self._file, last.line, 1, f"There are {untold} more slips in this file.", "Put right those above first."
        )
        return (*self._faults[:MOST_FAULTS], more)


def _pieces(lines: list[str]) -> Iterator[tuple[int, int]]:
    """The first line of each piece and the one after its last, counted from 0."""
    number = 0
    while number < len(lines):
        line = lines[number].strip()
        if not line or line.startswith("#"):
            number += 1
            continue
        after = number + 1 if _LIKE_HEADING.match(line) else _end_of_entry(lines, number)
        yield number, after
        number = after


def _end_of_entry(lines: list[str], first: int) -> int:
    value = lines[first].partition("=")[2].strip()
    for mark in ('"""', "'''"):
        if value.startswith(mark):
            return _end_of_long_text(lines, first, mark)
    if value.startswith("["):
        return _end_of_list(lines, first)
    after = first + 1
    if value.startswith("{") and value.count("}") < value.count("{"):
        while after < len(lines) and _FIELD.match(lines[after]):
            after += 1
    elif value[:1] in {'"', "“", "„"} and _is_open(value):
        return _end_of_broken_text(lines, after)
    return after


def _is_open(value: str) -> bool:
    """Whether a text of one line lacks its last quotation mark."""
    return value.replace('\\"', "").count('"') < 2 and (value.startswith('"') or not value.endswith(("”", '"', "“")))


def _end_of_broken_text(lines: list[str], after: int) -> int:
    """A text that somebody has broken with the Enter key goes on to the line that ends with a quotation mark."""
    for number in range(after, min(after + _MOST_LINES_OF_A_TEXT, len(lines))):
        line = lines[number].strip()
        if line.startswith(("#", "[")) or _ENTRY.match(line):
            break
        if line.endswith(('"', "”", "“")):
            return number + 1
    return after


def _end_of_long_text(lines: list[str], first: int, mark: str) -> int:
    opened = lines[first].index(mark) + len(mark)
    if mark in lines[first][opened:]:
        return first + 1
    for number in range(first + 1, len(lines)):
        if mark in lines[number]:
            return number + 1
    return _next_start(lines, first + 1)  # it does not end: somebody's next entry does not belong to it


def _end_of_list(lines: list[str], first: int) -> int:
    depth = 0
    end = _next_start(lines, first + 1, blank_is_start=False)
    for number in range(first, end):
        line = lines[number].partition("=")[2] if number == first else lines[number]
        marks = _STRING_OR_REMARK.sub(lambda found: found[0] if found["whole"] is None else "", line)
        depth += marks.count("[") - marks.count("]")
        if depth <= 0:
            return number + 1
    return _next_start(lines, first + 1)


def _next_start(lines: list[str], number: int, *, blank_is_start: bool = True) -> int:
    while number < len(lines):
        line = lines[number].strip()
        if (not line and blank_is_start) or (line.startswith("[") and not line.startswith("[[")) or _ENTRY.match(line):
            break
        number += 1
    return number
