"""Colours as ``#rrggbb``: how well one can be told from another, and moving one until it can."""

import colorsys
import re
from collections.abc import Iterable

# WCAG 2.2, 1.4.3 and 1.4.11.
FOR_TEXT = 4.5
FOR_PARTS = 3.0  # of a control: what shows that it is one

BLACK, WHITE = "#000000", "#ffffff"
_COLOUR = re.compile(r"#(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})")
_STEPS = 500  # of lightness, from black to white: finer than a screen shows

Channels = tuple[float, float, float]


def colour_of(text: str) -> str | None:
    """``#rrggbb`` in small letters for ``#rgb`` or ``#rrggbb``; None for anything else."""
    if not _COLOUR.fullmatch(text):
        return None
    digits = text[1:] if len(text) == 7 else "".join(2 * digit for digit in text[1:])
    return f"#{digits.lower()}"


def luminance(colour: str) -> float:
    """How bright it is for the eye, from 0 to 1 (WCAG 2.2, "relative luminance")."""
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in _channels(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """How well two colours can be told apart, from 1 to 21 (WCAG 2.2, "contrast ratio")."""
    return _ratio(luminance(one), luminance(other))


def is_dark(colour: str) -> bool:
    """Whether white can be read better on it than black."""
    return contrast(WHITE, colour) > contrast(BLACK, colour)


def legible(colour: str, grounds: Iterable[str], ratio: float) -> str:
    """The colour itself if it has this contrast with all grounds, or the closest one of its hue that has.

    Its lightness is moved, and nothing else. Where none is enough, black or white, whichever can be read better.
    """
    behind = [luminance(ground) for ground in grounds]
    if _least_contrast(colour, behind) >= ratio:
        return colour
    hue, lightness, saturation = colorsys.rgb_to_hls(*_channels(colour))
    by_distance = sorted((step / _STEPS for step in range(_STEPS + 1)), key=lambda wanted: abs(wanted - lightness))
    candidates = (_of_channels(colorsys.hls_to_rgb(hue, wanted, saturation)) for wanted in by_distance)
    enough = (each for each in candidates if _least_contrast(each, behind) >= ratio)
    return next(enough, None) or max(BLACK, WHITE, key=lambda each: _least_contrast(each, behind))


def mixed(colour: str, other: str, share: float) -> str:
    """The colour with a share (0 to 1) of another in it."""
    pairs = zip(_channels(colour), _channels(other), strict=True)
    red, green, blue = (one + (another - one) * share for one, another in pairs)
    return _of_channels((red, green, blue))


def toned(colour: str, *, lightness: float, most_saturation: float) -> str:
    """A colour of the same hue, as light as wanted (0 to 1) and no more colourful than that."""
    hue, _, saturation = colorsys.rgb_to_hls(*_channels(colour))
    return _of_channels(colorsys.hls_to_rgb(hue, lightness, min(saturation, most_saturation)))


def _ratio(one: float, other: float) -> float:
    darker, brighter = sorted((one, other))
    return (brighter + 0.05) / (darker + 0.05)


def _least_contrast(colour: str, behind: Iterable[float]) -> float:
    own = luminance(colour)
    return min(_ratio(own, each) for each in behind)


def _channels(colour: str) -> Channels:
    red, green, blue = bytes.fromhex(colour[1:])
    return red / 255, green / 255, blue / 255


def _of_channels(channels: Channels) -> str:
    return "#" + bytes(round(each * 255) for each in channels).hex()
