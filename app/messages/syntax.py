"""What a fault in TOML's grammar means to someone who has never seen TOML."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from app.messages.faults import LONGEST_SENTENCE, Fault, quoted
from app.messages.plain_text import Trouble

_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_CURLY = "“”„«»‘’"
_NEEDS_QUOTES = re.compile(r"[^A-Za-z0-9_.\"' -]| ")
_EXAMPLE = 'Each line looks like this: name = "What guests read."'


def explain(file: str, text: str, error: ValueError) -> Fault:
    """A fault for a text that ``tomllib`` could not read.

    :param error: what ``tomllib`` raised. Its place is used; its words are for programmers.
    """
    lines = text.split("\n")
    at = _AT.search(str(error))
    if at and at[1]:
        number, column = int(at[1]), int(at[2])
    else:
        number, column = len(lines), len(lines[-1]) + 1
    while column == 1 and number > 1 and not lines[number - 1].strip():  # what ends too early is noticed late
        number -= 1
        column = len(lines[number - 1]) + 1
    line = _Line.of(lines[number - 1], _AT.sub("", str(error)))
    problem, instead = next(
        (trouble for rule in _RULES if (trouble := rule(line))),
        (f"This line cannot be read from column {column} on.", _EXAMPLE),
    )
    return Fault(file, number, column, problem, instead)


@dataclass(frozen=True)
class _Line:
    """The line at which reading stopped.

    :ivar message: why, in tomllib's words
    """

    whole: str
    name: str
    value: str
    has_equals: bool
    message: str

    @classmethod
    def of(cls, whole: str, message: str) -> "_Line":
        name, equals, value = whole.partition("=")
        return cls(whole.strip(), name.strip(), value.strip(), bool(equals), message)

    @property
    def quotes(self) -> int:
        return self.value.count('"') - self.value.count('\\"')


def _sentence(text: str) -> str:
    return quoted(text, longest=LONGEST_SENTENCE)


def _twice(line: _Line) -> Trouble | None:
    if not line.message.startswith(("Cannot overwrite", "Cannot declare", "Cannot mutate", "Duplicate")):
        return None
    what = line.name.strip('"') if line.has_equals else line.whole
    return f"{quoted(what)} is in this file twice.", "Keep one of the two and delete the other."


def _curly_quotes(line: _Line) -> Trouble | None:
    if not line.value or line.value[0] not in _CURLY:
        return None
    straight = _sentence(line.value.strip(_CURLY + '"'))
    return (
        "The quotation marks around the text are curly ones.",
        f"Use straight ones around the whole text: {line.name} = {straight}. Curly ones inside it are fine.",
    )


def _endless_long_text(line: _Line) -> Trouble | None:
    if not line.value.startswith(('"""', "'''")) and not line.message.startswith("Expected \"'''\""):
        return None
    return "A text begins with three quotation marks and does not end.", "Put three of them after its last word."


def _endless_text(line: _Line) -> Trouble | None:
    if not line.value.startswith('"') or line.quotes != 1:
        return None
    text = _sentence(line.value[1:].strip())
    return "The text has no quotation mark at its end.", f"Put one there: {line.name} = {text}"


def _quotes_inside(line: _Line) -> Trouble | None:
    if not line.value.startswith('"') or line.quotes <= 2:
        return None
    return (
        "There are straight quotation marks inside the text, so that it ends too early.",
        "Use curly ones inside it (“like this”), and straight ones only around the whole text.",
    )


def _something_after_text(line: _Line) -> Trouble | None:
    if not line.value.startswith('"') or line.quotes != 2 or line.value.endswith('"') or "newline" not in line.message:
        return None
    return "There is something after the closing quotation mark.", "Move it before that mark, or delete it."


def _backslash(line: _Line) -> Trouble | None:
    if "escape" not in line.message and "backslash" not in line.message and "hex value" not in line.message:
        return None
    return "There is a \\ in the text, which means something special.", "Leave it out, or write two of them for one."


def _unseen_character(line: _Line) -> Trouble | None:
    if not line.message.startswith("Illegal character") or r"\n" in line.message:
        return None
    return "There is a character here that nobody can see.", "Delete it, or type the line again."


def _name_without_quotes(line: _Line) -> Trouble | None:
    if not line.has_equals or not _NEEDS_QUOTES.search(line.name) or line.name.startswith(('"', "'", "[")):
        return None
    name = line.name.replace('"', "")
    return f"The name {quoted(name)} needs quotation marks around it.", f'Put them there: "{name}" = …'


def _no_text(line: _Line) -> Trouble | None:
    if not line.has_equals or line.value:
        return None
    return "There is no text after the equals sign.", f'Write one: {line.name} = "What guests read."'


def _no_quotes(line: _Line) -> Trouble | None:
    if not line.has_equals or line.value[0] in "\"'{[":
        return None
    if line.value.lower() in {"true", "false"}:
        return "This is neither true nor false.", f"Use small letters: {line.name} = {line.value.lower()}"
    text = _sentence(line.value.strip(_CURLY + '"'))
    return "The text has no quotation marks around it.", f"Put them there: {line.name} = {text}"


def _broken_braces(line: _Line) -> Trouble | None:
    if not line.value.startswith("{"):
        return None
    return (
        "Between { and } something is missing: a comma, a quotation mark, or the } itself. All of it is on one line.",
        f'Write it like this: {line.name} = {{ text = "What guests read.", link = "help" }}',
    )


def _broken_heading(line: _Line) -> Trouble | None:
    if not line.whole.startswith("[") or line.whole.endswith("]"):
        return None
    return "A heading begins with [ and does not end.", "Put ] at its end, and nothing after it."


def _no_entry(line: _Line) -> Trouble | None:
    if line.has_equals or not line.whole or line.whole.startswith("["):
        return None
    return "This line is no entry.", f"{_EXAMPLE} A remark begins with #."


_RULES: tuple[Callable[[_Line], Trouble | None], ...] = (
    _twice,
    _curly_quotes,
    _endless_long_text,
    _endless_text,
    _unseen_character,
    _backslash,
    _quotes_inside,
    _something_after_text,
    _name_without_quotes,
    _no_text,
    _no_quotes,
    _broken_braces,
    _broken_heading,
    _no_entry,
)
