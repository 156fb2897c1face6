"""What a fault in TOML's grammar means to someone who has never seen TOML."""

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass

from app.messages.faults import LONGEST_SENTENCE, Fault, Trouble, quoted

_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_CURLY = "“”„«»‘’"
_NEEDS_QUOTES = re.compile(r"[^A-Za-z0-9_.\"' -]| ")
_HEADING = re.compile(r"\[|[(<][\w.-]+[)>]$|[\w.-]+\s*\]$")
_ODD_SPACE = re.compile("[\u00a0\u00ad\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]")
_SWITCHES = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_LINES_OF_ONE_ENTRY = 10  # a longer text is a whole file
LONGEST_DIVIDER = 10
_EXAMPLE = 'Each line looks like this: name = "What guests read."'


def explain(file: str, text: str, error: Exception, *, first_line: int = 1) -> Fault:
    """A fault for a text that ``tomllib`` could not read.

    :param error: what ``tomllib`` raised. Its place is used; its words are for programmers.
    :param first_line: where in the file the text begins, counted from 1.
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
    line = _Line.of(lines[number - 1], _AT.sub("", str(error)), lines, number)
    problem, instead = next(
        (trouble for rule in _RULES if (trouble := rule(line))),
        (f"This line cannot be read from column {column} on.", _EXAMPLE),
    )
    return Fault(file, number + first_line - 1, column, problem, instead)


@dataclass(frozen=True)
class _Line:
    """The line at which reading stopped.

    :ivar message: why, in tomllib's words
    :ivar lines: all that was read together
    :ivar number: which of them this is, counted from 1
    """

    whole: str
    name: str
    value: str
    has_equals: bool
    message: str
    lines: list[str]
    number: int

    @classmethod
    def of(cls, whole: str, message: str, lines: list[str], number: int) -> "_Line":
        name, equals, value = whole.partition("=")
        return cls(whole.strip(), name.strip(), value.strip(), bool(equals), message, lines, number)

    @property
    def quotes(self) -> int:
        return self.value.count('"') - self.value.count('\\"')

    @property
    def is_heading(self) -> bool:
        return not self.has_equals and bool(self.whole) and bool(_HEADING.match(self.whole))


def _sentence(text: str) -> str:
    return quoted(text, longest=LONGEST_SENTENCE)


def _twice(line: _Line) -> Trouble | None:
    if not line.message.startswith(("Cannot overwrite", "Cannot declare", "Cannot mutate", "Duplicate")):
        return None
    first = next((number for number, each in enumerate(line.lines, 1) if _begins_alike(each, line)), line.number)
    if line.is_heading:
        where = f"those below the first one, on line {first}" if first < line.number else "those below the first one"
        return f"{quoted(line.whole)} is in this file twice.", f"Move the lines below it to {where}, and delete it."
    also = f" The other one is on line {first}." if first < line.number else ""
    return (
        f"{quoted(line.name.strip(chr(34)))} is in this file twice.",
        f"Keep one of the two and delete the other.{also}",
    )


def _begins_alike(each: str, line: _Line) -> bool:
    return each.strip() == line.whole if line.is_heading else each.partition("=")[0].strip() == line.name


def _odd_space(line: _Line) -> Trouble | None:
    """What word processors put where a space belongs, outside of the text."""
    outside = re.sub(r'"[^"]*"', "", line.whole if line.has_equals else line.lines[line.number - 1])
    if not (found := _ODD_SPACE.search(line.lines[line.number - 1].partition('"')[0]) or _ODD_SPACE.search(outside)):
        return None
    return (
        f"There is a character on this line that looks like a space or like nothing (U+{ord(found[0]):04X}).",
        f"Type the line again: {quoted(_ODD_SPACE.sub(' ', line.whole).strip(), longest=LONGEST_SENTENCE)[1:-1]}",
    )


def _divider(line: _Line) -> Trouble | None:
    if not re.fullmatch(r"[^\w\s\"'\[\]{}]{2,}", line.whole) or line.whole.startswith("#"):
        return None
    return "This line is no entry.", f"Begin a line that only divides with #: # {line.whole[:LONGEST_DIVIDER]}"


def _curly_quotes(line: _Line) -> Trouble | None:
    if not line.value or line.value[0] not in _CURLY:
        return None
    straight = _sentence(" ".join(_whole_value(line).strip(_CURLY + '"').split()))
    return (
        "The quotation marks around the text are curly ones.",
        f"Use straight ones around the whole text: {line.name} = {straight}. Curly ones inside it are fine.",
    )


def _whole_value(line: _Line) -> str:
    """The value with the lines that follow, where somebody has broken it with the Enter key."""
    return "\n".join(line.lines).partition("=")[2].strip() if len(line.lines) <= _LINES_OF_ONE_ENTRY else line.value


def _text_over_lines(line: _Line) -> Trouble | None:
    whole = _whole_value(line)
    if "\n" not in whole or whole[0] != '"' or whole.startswith('"""') or len(line.lines) > _LINES_OF_ONE_ENTRY:
        return None
    name = line.lines[0].partition("=")[0].strip()
    one_line = _sentence(" ".join(whole.strip(_CURLY + '"').split()))
    return "The text goes over several lines.", f"Write it on one: {name} = {one_line}"


def _endless_long_text(line: _Line) -> Trouble | None:
    if not line.value.startswith(('"""', "'''")) and not line.message.startswith("Expected \"'''\""):
        return None
    return "A text begins with three quotation marks and does not end.", "Put three of them after its last word."


def _endless_text(line: _Line) -> Trouble | None:
    if not line.value.startswith('"') or line.quotes != 1:
        return None
    text = line.value[1:].strip()
    if text.endswith(tuple(_CURLY)):
        straight = _sentence(text.rstrip(_CURLY).strip())
        return (
            "The quotation mark at the end of the text is a curly one.",
            f"Use a straight one: {line.name} = {straight}",
        )
    return "The text has no quotation mark at its end.", f"Put one there: {line.name} = {_sentence(text)}"


def _apostrophe(line: _Line) -> Trouble | None:
    if not line.value.startswith("'") or line.value.startswith("'''"):
        return None
    text = _sentence(line.value.strip("'"))
    return "The text ends at the first apostrophe.", f"Use double quotation marks around it: {line.name} = {text}"


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
    if " " in name and "." not in name and ":" not in name:
        return f"There is a space in the name {quoted(name)}.", f"Names have _ there: {name.replace(' ', '_')} = …"
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
    if switch := _SWITCHES.get(line.value.lower()):
        return "This is neither true nor false.", f"Write: {line.name} = {switch}"
    text = _sentence(line.value.strip(_CURLY + '"'))
    return "The text has no quotation marks around it.", f"Put them there: {line.name} = {text}"


def _broken_braces(line: _Line) -> Trouble | None:
    value = _whole_value(line)
    if not value.startswith("{"):
        return None
    name = "\n".join(line.lines).partition("=")[0].strip() if "\n" in value else line.name
    mended = _mended_braces(value)
    what = "is no straight quotation mark" if any(mark in value for mark in _CURLY) else "is a slip"
    if "\n" in value:
        what = "is more than one line"
    elif re.search(r",\s*\}", value):
        what = "is a comma too many"
    elif re.search(r"\b(?:text|title|link|url)\s*:", value):
        what = "is : instead of ="
    try:
        tomllib.loads(f"x = {mended}")
    except tomllib.TOMLDecodeError:
        return (
            "Between { and } something is missing: a comma, a quotation mark, or the } itself. All is on one line.",
            f'Write it like this: {name} = {{ text = "What guests read.", link = "help" }}',
        )
    shown = mended if len(mended) <= LONGEST_SENTENCE else '{ text = "What guests read.", link = "help" }'
    return f"Between {{ and }} there {what}.", f"Write it like this: {name} = {shown}"


def _mended_braces(value: str) -> str:
    """What was probably meant."""
    value = " ".join(value.split())
    value = re.sub(r"\b(text|title|link|url)\s*:", r"\1 =", value)
    value = re.sub(
        rf"(=\s*)[{_CURLY}\"]([^=]*?)[{_CURLY}\"](?=\s*(?:[,}}]|$|(?:text|title|link|url)\s*=))", r'\1"\2"', value
    )
    value = re.sub(r'"\s+(?=(?:text|title|link|url)\s*=)', '", ', value)
    value = value.removesuffix("}").rstrip(", ") + " }"
    return re.sub(r"\{\s*", "{ ", value)


def _broken_list(line: _Line) -> Trouble | None:
    if not line.has_equals or not line.value.startswith("["):
        return None
    words = ", ".join(f'"{word}"' for word in re.findall(r"[\w-]+", line.value)[:20]) or '"en", "es"'
    return "Each language in the list needs straight quotation marks.", f"Write it like this: {line.name} = [{words}]"


def _broken_heading(line: _Line) -> Trouble | None:
    if not line.is_heading:
        return None
    inside = re.sub(r"^\W+", "", line.whole).partition("]")[0].partition(")")[0]
    name = "_".join(re.findall(r"[a-z0-9]+", inside.lower()))
    example = f"Write it like this: [{name or 'site'}]"
    if not line.whole.startswith("["):
        return "A heading stands between [ and ].", example
    if "]" not in line.whole:
        return "A heading begins with [ and does not end.", f"{example}, with nothing after it."
    if not line.whole.endswith("]"):
        return "There is something after the ] of the heading.", f"{example}, with nothing after it."
    return "A heading is small letters, digits and _, without spaces.", example


def _no_entry(line: _Line) -> Trouble | None:
    if line.has_equals or not line.whole:
        return None
    if colon := re.match(r"([\w.]+)\s*:\s*(.+)", line.whole):
        text = _sentence(colon[2].strip(_CURLY + '"'))
        return "There is a colon where an equals sign belongs.", f"Write: {colon[1]} = {text}"
    return "This line is no entry.", f"{_EXAMPLE} A remark begins with #."


_RULES: tuple[Callable[[_Line], Trouble | None], ...] = (
    _twice,
    _divider,
    _odd_space,
    _text_over_lines,
    _broken_heading,
    _curly_quotes,
    _endless_long_text,
    _endless_text,
    _apostrophe,
    _unseen_character,
    _backslash,
    _quotes_inside,
    _something_after_text,
    _name_without_quotes,
    _no_text,
    _no_quotes,
    _broken_braces,
    _broken_list,
    _no_entry,
)
