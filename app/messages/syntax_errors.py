"""Explains an error of ``tomllib`` to someone who has never seen TOML: its line and column, and a hint."""

import re
from collections.abc import Callable

from app.messages.problems import LONGEST_NAME, LONGEST_SENTENCE, Invalid, quoted

_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_CURLY = tuple("“”„«»")
_ODD_SPACE = re.compile("[\u00a0\u00ad\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]")
_PLAIN_NAME = re.compile(r"[\w.-]+", re.ASCII)
_SWITCHES = frozenset({"yes", "no", "on", "off", "true", "false"})
_QUOTE_IT = '{name} = "{text}"'

# What the line says (its name, its value, and tomllib's message), what is wrong with it, what to write instead.
_HINTS: tuple[tuple[Callable[[str, str, str], object], str, str], ...] = (
    (
        lambda name, value, message: message.startswith(("Cannot", "Duplicate")),
        "{name} is in this file twice.",
        "Keep one of the two and delete the other; move what stands below a second heading to the first.",
    ),
    (
        lambda name, value, message: _ODD_SPACE.search(name),
        "There is a character on this line that looks like a space or like nothing.",
        "Type the line again.",
    ),
    (
        lambda name, value, message: value.startswith(_CURLY) or value.endswith(_CURLY),
        "The quotation marks around the text are curly ones.",
        f"Use straight ones around the whole text: {_QUOTE_IT}. Curly ones inside it are fine.",
    ),
    (
        lambda name, value, message: value.startswith(('"""', "'''")),
        "A text begins with three quotation marks and does not end.",
        "Put three of them after its last word.",
    ),
    (
        lambda name, value, message: value.startswith("'"),
        "The text ends at the first apostrophe.",
        f"Use double quotation marks around it: {_QUOTE_IT}",
    ),
    (
        lambda name, value, message: re.search("escape|backslash|hex value", message),
        "There is a \\ in the text, which means something special.",
        "Leave it out, or write two of them for one.",
    ),
    (
        lambda name, value, message: value.startswith('"') and value.count('"') == 1,
        "The text has no quotation mark at its end, on the same line.",
        f"Put one there: {_QUOTE_IT}",
    ),
    (
        lambda name, value, message: value.startswith('"') and "newline" in message,
        "There is something after the closing quotation mark of the text.",
        "Move it before that mark, or delete it. Inside the text, use curly quotation marks (“like this”).",
    ),
    (
        lambda name, value, message: value.startswith("{"),
        "Between {{ and }} is a comma too many or too few, no straight quotation mark, or an end of the line.",
        'Write it like this: {name} = {{ text = "What guests read.", link = "help" }}',
    ),
    (
        lambda name, value, message: value.startswith("["),
        "Each language in the list needs straight quotation marks.",
        'Write it like this: {name} = ["en", "es"]',
    ),
    (
        lambda name, value, message: value.lower() in _SWITCHES,
        "This is neither true nor false.",
        "Write {name} = true, or {name} = false, in small letters.",
    ),
    (
        lambda name, value, message: name.startswith(("[", "(")) or name.endswith("]"),
        "A heading is one name of small letters, digits and _ between [ and ], with nothing after it.",
        "Write it like this: [site]",
    ),
    (
        lambda name, value, message: ":" in name and not value,
        "There is a colon where an equals sign belongs.",
        'Each line looks like this: name = "What guests read."',
    ),
    (
        lambda name, value, message: name and value and not _PLAIN_NAME.fullmatch(name.replace('"', "")),
        "The name {name} needs quotation marks around it, or _ in place of each space.",
        'Write it like this: "{name}" = "What guests read."',
    ),
    (
        lambda name, value, message: name and value and not value.startswith('"'),
        "The text has no quotation marks around it.",
        f"Put them there: {_QUOTE_IT}",
    ),
)


def explain(text: str, error: Exception) -> Invalid:
    """Why ``tomllib`` could not read a text, and where.

    :param error: what ``tomllib`` raised. Its position is used; its words are for programmers.
    """
    lines = text.rstrip().split("\n")
    at = _AT.search(str(error))
    number, column = (int(at[1]), int(at[2])) if at and at[1] else (len(lines), len(lines[-1]) + 1)
    line = lines[min(number, len(lines)) - 1].strip(" \t")
    name, _, value = (part.strip(" \t") for part in line.partition("="))
    text = value.strip("".join(_CURLY) + "\"' ")[:LONGEST_SENTENCE] or "What guests read."
    for applies, description, suggestion in _HINTS:
        if applies(name, value, str(error)):
            shown = suggestion.format(name=name[:LONGEST_NAME], text=text)
            return Invalid(description.format(name=quoted(name)), shown, line=number, column=column)
    description = f"This line cannot be read from column {column} on."
    return Invalid(description, 'Each line looks like this: name = "What guests read."', line=number, column=column)
