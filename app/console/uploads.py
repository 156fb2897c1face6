"""Pictures that staff upload: refused unless they are whole, small and nothing but pictures."""

import struct
from collections.abc import Iterator

from app.messages.pictures import LARGEST_BYTES, Asset, Trouble, picture_of
from app.messages.svg import trouble_with_svg

_BROKEN = "It is cut off or broken.", "Save it anew, and choose it again."
_TOO_MANY_POINTS = "It has too many points.", f"Make it smaller: {4096} points a side at most."
LONGEST_SIDE = 4096  # points; a phone would need 64 MB for more
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # the JPEG markers that tell the size


def picture_in(name: str, content: bytes) -> Asset | Trouble:
    """What was uploaded, or what is wrong with it, whatever it is.

    :param name: of the file, to tell of it.
    :param content: one byte more than ``LARGEST_BYTES`` is enough to see that it is too large.
    """
    if not content:
        return "The file is empty.", "Choose another one."
    found = picture_of(name, content)
    if not isinstance(found, Asset):
        return found
    if found.mimetype == "image/svg+xml":
        return trouble_with_svg(content) or found
    try:
        sides = _SIDES[found.mimetype](content)
    except (struct.error, IndexError, ValueError, StopIteration):
        return _BROKEN
    if max(sides) > LONGEST_SIDE:
        return _TOO_MANY_POINTS
    return found if min(sides) > 0 else _BROKEN


def _png(content: bytes) -> tuple[int, int]:
    if content[12:16] != b"IHDR" or b"IEND" not in content[-16:]:
        raise ValueError
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def _jpeg(content: bytes) -> tuple[int, int]:
    if b"\xff\xd9" not in content[-64:]:
        raise ValueError
    return next(_jpeg_sides(content))


def _jpeg_sides(content: bytes) -> Iterator[tuple[int, int]]:
    at = 2
    while content[at] == 0xFF:
        marker = content[at + 1]
        (length,) = struct.unpack(">H", content[at + 2 : at + 4])
        if marker in _FRAMES:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            yield width, height
        if length < 2:
            raise ValueError
        at += 2 + length


def _webp(content: bytes) -> tuple[int, int]:
    (size,) = struct.unpack("<I", content[4:8])
    if size + 8 > len(content):
        raise ValueError
    kind = content[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(content[24:27], "little"), 1 + int.from_bytes(content[27:30], "little")
    if kind == b"VP8L":
        (bits,) = struct.unpack("<I", content[21:25])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", content[26:30])
        return width & 0x3FFF, height & 0x3FFF
    raise ValueError


_SIDES = {"image/png": _png, "image/jpeg": _jpeg, "image/webp": _webp}

__all__ = ["LARGEST_BYTES", "picture_in"]
