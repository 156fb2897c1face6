"""Two texts, word by word: what is in one of them only."""

import difflib
import re
from dataclasses import dataclass
from functools import lru_cache

_TOKENS = re.compile(r"\s+|\w+|[^\w\s]")
_MOST_TOKENS = 400  # two texts of this length take a few thousandths of a second to compare
_LEAST_ALIKE = 0.3  # below it, marks on single words would only be a puzzle


@dataclass(frozen=True)
class Piece:
    """A part of a text.

    :ivar is_changed: it is not in the other text
    """

    text: str
    is_changed: bool


@lru_cache(2048)  # what was written once is shown on many pages
def pieces(before: str, after: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Two texts, with the words marked that are in one of them only."""
    old, new = _TOKENS.findall(before), _TOKENS.findall(after)
    whole = _whole(before), _whole(after)
    if not old or not new or max(len(old), len(new)) > _MOST_TOKENS:
        return whole
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    blocks = matcher.get_opcodes()
    alike = sum(len("".join(old[one:other])) for what, one, other, *_ in blocks if what == "equal")
    if 2 * alike < _LEAST_ALIKE * (len(before) + len(after)):
        return whole
    olds = (Piece("".join(old[one:other]), what != "equal") for what, one, other, _, _ in blocks)
    news = (Piece("".join(new[one:other]), what != "equal") for what, _, _, one, other in blocks)
    return tuple(each for each in olds if each.text), tuple(each for each in news if each.text)


def _whole(text: str) -> tuple[Piece, ...]:
    return (Piece(text, is_changed=True),) if text else ()
