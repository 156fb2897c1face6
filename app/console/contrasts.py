"""How well the colours of a look can be seen, beside what the merchant wished for."""

from dataclasses import dataclass

from app.messages.editing import DEFAULT_BRAND, FOR_PARTS, FOR_TEXT, Theme, contrast


@dataclass(frozen=True)
class Contrast:
    """How well a colour can be seen.

    :ivar wanted: as the merchant wishes it
    :ivar found: its contrast where it is seen worst, from 1 to 21
    :ivar least: what it needs
    :ivar given: what guests get
    """

    wanted: str
    found: float
    least: float
    given: str

    @property
    def is_enough(self) -> bool:
        """Whether guests get it as it was wished for."""
        return self.wanted == self.given


def contrasts_of(look: Theme) -> dict[str, Contrast]:
    """What to tell of ``brand`` and ``accent`` in the light scheme."""
    behind = {"brand": ("ground", "sheet"), "accent": ("ground", "sheet", "note-ground", "wrong-ground")}
    wanted = {"brand": look.merchant.colours.get("brand", DEFAULT_BRAND)}
    wanted["accent"] = look.merchant.colours.get("accent", wanted["brand"])
    return {
        name: Contrast(
            colour,
            min(contrast(colour, look.light[ground]) for ground in behind[name]),
            FOR_PARTS if name == "brand" else FOR_TEXT,
            look.light[name],
        )
        for name, colour in wanted.items()
    }
