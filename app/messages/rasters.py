"""PNG, JPEG and WebP read by their structure up to the end of the picture: size, and whether a phone can draw it.

What stands behind the end is left alone: phones append a film or a second picture there, and browsers never read it.
"""

import re
import struct

from app.messages.problems import Invalid

LONGEST_SIDE = 4096  # points; a phone would need 64 MB for more
MOST_SCANS = 64  # of a JPEG; programs write ten. Each passes over all of the picture again

_BROKEN = "is cut off or broken", "Save it anew, and choose it again."
_TOO_MANY_POINTS = "has too many points", f"Make it smaller: {LONGEST_SIDE} points a side at most."
_TOO_MANY_SCANS = "is drawn in so many steps that phones would hang", "Save it anew, not as a progressive JPEG."
_MOVING = "moves, and guests could not stop it", "Save one still picture of it."

# Neither fill bytes, nor a byte of the picture that looks like a marker, nor a restart.
_JPEG_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
_JPEG_END, _JPEG_SCAN, _JPEG_FRAMES = 0xD9, 0xDA, frozenset({0xC0, 0xC1, 0xC2})
_WEBP_MOVING = 0x02


def type_of(content: bytes) -> str | None:
    """The media type by the first bytes; None when it is none of these."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    return "image/webp" if content.startswith(b"RIFF") and content[8:12] == b"WEBP" else None


def size_of(content: bytes) -> tuple[int, int]:
    """Width and height of a picture, which is whole, still, and not too much to draw.

    :raises Invalid: it is not; what is wrong goes on from the picture's name.
    """
    try:
        width, height = {"image/png": _png, "image/jpeg": _jpeg, "image/webp": _webp}[type_of(content) or ""](content)
    except (struct.error, LookupError, ValueError) as error:
        raise Invalid(*_BROKEN) from error
    if max(width, height) > LONGEST_SIDE:
        raise Invalid(*_TOO_MANY_POINTS)
    if min(width, height) == 0:
        raise Invalid(*_BROKEN)
    return width, height


def _png(content: bytes) -> tuple[int, int]:
    at, has_picture = 8, False
    width, height, kind = 0, 0, b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", content, at)
        if kind == b"IHDR":
            width, height = struct.unpack_from(">II", content, at + 8)
        if kind == b"acTL":
            raise Invalid(*_MOVING)
        has_picture = has_picture or kind == b"IDAT"
        at += 12 + length
    if at > len(content) or not has_picture:
        raise ValueError
    return width, height


def _jpeg(content: bytes) -> tuple[int, int]:
    width, height, scans, at = 0, 0, 0, 2
    while found := _JPEG_MARKER.search(content, at):
        marker = content[found.start() + 1]
        if marker == _JPEG_END:
            if not scans:
                break
            return width, height
        (length,) = struct.unpack_from(">H", content, found.end())
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", content, found.end() + 3)
        scans += marker == _JPEG_SCAN
        if scans > MOST_SCANS:
            raise Invalid(*_TOO_MANY_SCANS)
        at = found.end() + max(length, 2)
    raise ValueError


def _webp(content: bytes) -> tuple[int, int]:
    (size,) = struct.unpack_from("<I", content, 4)
    end, at, sides = size + 8, 12, [(0, 0)]
    if end > len(content):
        raise ValueError
    has_picture = False
    while at + 8 <= end:
        kind, length = struct.unpack_from("<4sI", content, at)
        if kind == b"VP8X":
            if content[at + 8] & _WEBP_MOVING:
                raise Invalid(*_MOVING)
            sides.append((1 + _little(content, at + 12), 1 + _little(content, at + 15)))
        elif kind == b"VP8L":
            (bits,) = struct.unpack_from("<I", content, at + 9)
            sides.append(((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1))
        elif kind == b"VP8 ":
            width, height = struct.unpack_from("<HH", content, at + 14)
            sides.append((width & 0x3FFF, height & 0x3FFF))
        has_picture = has_picture or kind in {b"VP8L", b"VP8 "}
        at += 8 + length + length % 2
    if not has_picture or at > end + 1:
        raise ValueError
    return max(width for width, _ in sides), max(height for _, height in sides)


def _little(content: bytes, at: int) -> int:
    return int.from_bytes(content[at : at + 3], "little")
