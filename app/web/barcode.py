"""A card number as a picture that a till can read."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import segno
from barcode import Code128

from app.messages import CardCode as Kind

QUIET_MODULES = {"qr": 4, "barcode": 10}  # of white around, which both standards ask for
_BARS_HEIGHT = 0.28  # of their width: enough for a hand that is not steady
_NUMBER = re.compile(r"[0-9A-Za-z-]{1,40}")


@dataclass(frozen=True)
class CardCode:
    """Black on white, as one path of an SVG.

    :ivar number: in groups of four, for a till that cannot read it
    """

    kind: Kind
    width: int
    height: int
    path: str
    number: str

    def __repr__(self) -> str:
        return f"CardCode({self.kind})"


def card_code(number: str, kind: Kind) -> CardCode | None:
    """The code of a number; None for one that is no card number, which no till would take."""
    if not _NUMBER.fullmatch(number):
        return None
    quiet = QUIET_MODULES[kind]
    if kind == "qr":
        rows: list[Sequence[int]] = list(segno.make(number, error="m", micro=False).matrix)
        row_height = 1
    else:
        rows = [[int(module) for module in Code128(number).build()[0]]]
        row_height = round(len(rows[0]) * _BARS_HEIGHT)
    path = "".join(_bars(row, x=quiet, y=quiet + y * row_height, height=row_height) for y, row in enumerate(rows))
    return CardCode(
        kind,
        width=len(rows[0]) + 2 * quiet,
        height=len(rows) * row_height + 2 * quiet,
        path=path,
        number=" ".join(number[start : start + 4] for start in range(0, len(number), 4)),
    )


def _bars(row: Iterable[int], *, x: int, y: int, height: int) -> str:
    path = ""
    for is_black, run in groupby(row):
        width = len(list(run))
        if is_black:
            path += f"M{x} {y}h{width}v{height}h-{width}z"
        x += width
    return path
