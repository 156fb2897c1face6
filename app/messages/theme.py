"""The merchant's theme: from a few settings to colours that everybody can read, as a stylesheet and pictures."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from typing import Literal

from app.messages.colours import (
    BLACK,
    FOR_PARTS,
    FOR_TEXT,
    WHITE,
    contrast,
    is_dark,
    legible,
    luminance,
    mixed,
    toned,
)
from app.messages.merchant import FILE as MERCHANT_FILE
from app.messages.merchant import Merchant
from app.messages.pictures import Asset
from app.messages.problems import Problem, quoted

DEFAULT_BRAND = "#1f5f4a"
DEFAULT_BACKGROUND = "#f4f3f0"

_RED = "#b3121d"
_FOR_READING = 7.0  # what is read at length gets more than it must have
_RADIUS = {"round": ("1.625rem", "1.25rem"), "soft": ("0.625rem", "0.875rem"), "square": ("0", "0")}
_SERIF = '"Iowan Old Style", "Palatino Linotype", Palatino, "URW Palladio L", P052, Georgia, "Noto Serif", serif'

_BEHIND_PARTS = ("ground", "sheet")
_BEHIND_TEXT = (*_BEHIND_PARTS, "note-ground", "wrong-ground")

SchemeName = Literal["light", "dark"]
Scheme = Mapping[str, str]  # name of a custom property → its colour


@dataclass(frozen=True)
class Theme:
    """How the pages look at one moment.

    :ivar light: the colours; dark ones too, if that is what the merchant has chosen
    :ivar dark: the colours for those who have set their device to dark
    :ivar corrections: wishes that could not be granted as they are
    :ivar only: the one scheme there is, whatever devices are set to; for those who look at both
    """

    merchant: Merchant
    light: Scheme
    dark: Scheme
    logo: Asset | None = None
    background: Asset | None = None
    corrections: tuple[Problem, ...] = field(default=(), compare=False)
    only: SchemeName | None = None

    @property
    def is_always_dark(self) -> bool:
        """Whether it is dark whatever the device is set to."""
        return self.only == "dark" or self.light == self.dark

    def in_scheme(self, name: SchemeName) -> "Theme":
        """The same as it is on devices that are set to this, on all of them."""
        return replace(self, light=self.dark if name == "dark" else self.light, only=name)

    @cached_property
    def assets(self) -> Mapping[str, Asset]:
        """What browsers fetch of it: ``look`` and ``icon``, and ``logo`` and ``background`` if there are any."""
        assets = {"look": self.stylesheet, "icon": self.icon, "logo": self.logo, "background": self.background}
        return {name: asset for name, asset in assets.items() if asset}

    @cached_property
    def stylesheet(self) -> Asset:
        """Custom properties for ``static/site.css``."""
        control, panel = _RADIUS[self.merchant.corners]
        scheme = "dark" if self.is_always_dark else "light"
        corners = f"--radius:{control};--panel-radius:{panel}"
        rules = [f":root{{color-scheme:{scheme};{_properties(self.light)}{corners}{_fonts(self.merchant)}}}"]
        if self.only is None and not self.is_always_dark:
            rules.append(f"@media (prefers-color-scheme:dark){{:root{{color-scheme:dark;{_properties(self.dark)}}}}}")
        if self.background:
            # By address and not inside: the picture is kept when a colour changes.
            address = f"../{self.background.fingerprint}/background{self.background.suffix}"
            rules.append(f':root{{--strip:6.5rem}}body{{background-image:url("{address}")}}')
            blend = "body{background-blend-mode:soft-light}"
            in_dark = {"light": "", "dark": blend, None: f"@media (prefers-color-scheme:dark){{{blend}}}"}
            rules.append(in_dark[self.only])
        return Asset("\n".join(rules).encode(), "text/css")

    @cached_property
    def icon(self) -> Asset:
        """The first letter of the merchant's name, for the browser's tab."""
        radius = {"round": 16, "soft": 7, "square": 0}[self.merchant.corners]
        svg = (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
            f'<rect width="32" height="32" rx="{radius}" fill="{self.light["brand"]}"/>'
            f'<text x="16" y="23" text-anchor="middle" font-family="Georgia,serif" font-size="20" font-weight="700"'
            f' fill="{self.light["on-brand"]}">{escape(self.merchant.name[0])}</text></svg>'
        )
        return Asset(svg.encode(), "image/svg+xml")


def make_theme(merchant: Merchant, logo: Asset | None = None, background: Asset | None = None) -> Theme:
    """The theme that a merchant has set, with colours that reach WCAG AA."""
    ground = merchant.colours.get("background", DEFAULT_BACKGROUND)
    brand = merchant.colours.get("brand", DEFAULT_BRAND)
    accent = merchant.colours.get("accent")
    light = _scheme(ground, brand, accent)
    dark_ground = ground if is_dark(ground) else toned(ground, lightness=0.07, most_saturation=0.2)
    dark = light if is_dark(ground) else _scheme(dark_ground, brand, accent)
    corrections = (*_corrections(merchant, light), *_taken_out(merchant, logo, background))
    return Theme(merchant, light, dark, logo, background, corrections)


def _scheme(ground: str, brand: str, accent: str | None) -> Scheme:
    """Colours that go together. All text stands on the sheet or on something with a name that ends in ``ground``."""
    sheet = _sheet_on(ground)
    grounds = (ground, sheet)
    dark = is_dark(sheet)
    ink = legible(
        toned(ground, lightness=0.94 if dark else 0.12, most_saturation=0.25), grounds, _best(_FOR_READING, grounds)
    )
    brand = legible(brand, grounds, FOR_PARTS)
    on_brand = max(WHITE, BLACK, key=lambda each: contrast(each, brand))
    note_ground = mixed(sheet, brand, 0.09)
    wrong_ground = mixed(sheet, _RED, 0.12 if dark else 0.06)
    written_on = (*grounds, note_ground, wrong_ground)  # as in _BEHIND_TEXT
    return {
        "ground": ground,
        "sheet": sheet,
        "note-ground": note_ground,
        "wrong-ground": wrong_ground,
        "ink": legible(ink, written_on, FOR_TEXT),
        "faint": legible(mixed(ink, sheet, 0.34), written_on, FOR_TEXT),
        "line": legible(mixed(ink, sheet, 0.5), grounds, FOR_PARTS),
        "hairline": mixed(sheet, ink, 0.14),  # decoration: nothing depends on seeing it
        "brand": brand,
        "brand-pressed": mixed(brand, BLACK if on_brand == WHITE else WHITE, 0.14),
        "on-brand": on_brand,
        "accent": legible(accent or brand, written_on, FOR_TEXT),
        "wrong": legible(_RED, written_on, FOR_TEXT),
    }


def _sheet_on(ground: str) -> str:
    """What text stands on: close to the background, and on the far side of the middle greys."""
    if not is_dark(ground):
        return mixed(ground, WHITE, 0.8)
    return mixed(ground, WHITE, 0.05) if luminance(ground) < 0.05 else mixed(ground, BLACK, 0.45)


def _best(ratio: float, grounds: tuple[str, ...]) -> float:
    """The ratio, or the best that there is on these grounds."""
    return min(ratio, max(min(contrast(each, ground) for ground in grounds) for each in (BLACK, WHITE)))


def _corrections(merchant: Merchant, light: Scheme) -> Iterator[Problem]:
    """What guests see otherwise than it was wished for. The dark colours are ours, so there is nothing to tell."""
    for name, use in (("brand", "buttons"), ("accent", "links")):
        wanted = merchant.colours.get(name)
        if wanted and wanted != light[name]:
            least, grounds = (FOR_PARTS, _BEHIND_PARTS) if name == "brand" else (FOR_TEXT, _BEHIND_TEXT)
            found = min(contrast(wanted, light[ground]) for ground in grounds)
            yield Problem(
                f"The colour {name} ({wanted}) is too close to the background for {use}: contrast {found:.1f}, "
                f"and everybody can see them from {least:g}. Guests get {light[name]} instead.",
                f'Write {name} = "{light[name]}", or choose a colour that is {_how(light["sheet"])}.',
                MERCHANT_FILE,
                merchant.lines.get(f"look.{name}", 1),
            )


def _taken_out(merchant: Merchant, logo: Asset | None, background: Asset | None) -> Iterator[Problem]:
    """What guests do not see of a drawing."""
    pictures = (("logo", merchant.logo, logo), ("background_picture", merchant.background_picture, background))
    for name, file, asset in pictures:
        if asset and asset.taken_out:
            description = f"Taken out of the picture {quoted(file or name)}: {', '.join(asset.taken_out)}."
            suggestion = "Look at the page. If something is missing there, save the picture without these, or as PNG."
            line = merchant.lines.get(name if name == "logo" else f"look.{name}", 1)
            yield Problem(description, suggestion, MERCHANT_FILE, line)


def _how(sheet: str) -> str:
    return "lighter" if is_dark(sheet) else "darker"


def _properties(scheme: Scheme) -> str:
    return "".join(f"--{name}:{colour};" for name, colour in scheme.items())


def _fonts(merchant: Merchant) -> str:
    return f";--headings:{_SERIF}" if merchant.headings == "serif" else ""
