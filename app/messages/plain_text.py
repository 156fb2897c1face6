"""Which texts may stand on a page: visible, of a sane length, without characters that act behind the reader's back."""

import unicodedata

from app.messages.problems import Problem

LONGEST_TEXT = 1000
_ALLOWED_CONTROLS = frozenset("\n\t")
# Embeddings, overrides and isolates make text read differently from how it is stored. The marks LRM, RLM and ALM,
# which right-to-left languages need, are none of these.
_DIRECTION_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BLANK_BUT_NO_SPACE = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def is_visible(text: str) -> bool:
    """Whether a reader would see anything at all."""
    return any(unicodedata.category(char)[0] in "LNPS" and char not in _BLANK_BUT_NO_SPACE for char in text)


def text_problem(text: str, *, longest: int = LONGEST_TEXT) -> Problem | None:
    """What forbids this text on a page, or None.

    :param longest: in characters.
    """
    if not is_visible(text):
        return Problem(
            "The text is empty.",
            "Write what guests shall read, or delete the entry to get the built-in words.",
        )
    if len(text) > longest:
        return Problem(
            f"The text has {len(text)} characters.",
            f"Use {longest} at most; guests read no more than two sentences.",
        )
    for char in text:
        if char in _DIRECTION_CONTROLS:
            return Problem(
                f"There is an invisible character in the text that turns the direction of reading (U+{ord(char):04X}).",
                "Type the text again; text pasted from elsewhere may carry such characters.",
            )
        if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} and char not in _ALLOWED_CONTROLS:
            return Problem(
                f"There is a control character in the text (U+{ord(char):04X}).",
                "Type the text again; text pasted from elsewhere may carry such characters.",
            )
    return None


def shown_only(text: str) -> str:
    """One line without what nobody sees in it, and with plain blanks: contact lists put marks around numbers."""
    seen = (char for char in text if unicodedata.category(char) not in {"Cf", "Cc"} and char != "\ufffc")
    return "".join(" " if unicodedata.category(char)[0] == "Z" else char for char in seen).strip()


def cleaned(text: str, *, longest: int) -> str:
    """Someone else's text made fit for a page: characters that ``text_problem`` forbids left out, then cut.

    :param longest: in characters.
    """
    kept = "".join(
        char
        for char in text[: 4 * longest]
        if char not in _DIRECTION_CONTROLS and unicodedata.category(char) not in {"Cc", "Cs", "Zl", "Zp"}
    ).strip()
    return kept if len(kept) <= longest else kept[: longest - 1].rstrip() + "…"
