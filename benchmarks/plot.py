"""A bar chart as SVG: who takes how much of a processor, with the least and the most of all rounds."""

from collections.abc import Mapping, Sequence
from html import escape

from benchmarks.measure import Spread

ROW, LABEL, WIDTH, TOP = 26, 110, 420, 34
COLOURS = {"site": "#1f6f5c", "floor": "#9aa5a0"}
OTHERS = "#c9a227"


def bars(title: str, names: Sequence[str], figures: Mapping[str, Spread], unit: str) -> str:
    """One chart; the names in the order in which they are to stand."""
    longest = max(figures[name].most for name in names)
    width, height = LABEL + WIDTH + 90, TOP + ROW * len(names) + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"',
        f'font-family="sans-serif" font-size="13" aria-label="{escape(title)}">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text x="8" y="20" font-weight="bold" fill="#222">{escape(title)}</text>',
    ]
    for row, name in enumerate(names):
        spread, y = figures[name], TOP + ROW * row
        least, median, most = (LABEL + WIDTH * each / longest for each in (spread.least, spread.median, spread.most))
        middle = y + ROW / 2 - 2
        parts += [
            f'<text x="{LABEL - 8}" y="{middle + 5}" text-anchor="end" fill="#222">{escape(name)}</text>',
            f'<rect x="{LABEL}" y="{y}" width="{median - LABEL:.1f}" height="{ROW - 6}"',
            f'fill="{COLOURS.get(name, OTHERS)}"/>',
            f'<path d="M{least:.1f} {middle}H{most:.1f}M{least:.1f} {middle - 4}v8M{most:.1f} {middle - 4}v8"',
            'stroke="#222" fill="none"/>',
            f'<text x="{most + 6:.1f}" y="{middle + 5}" fill="#222">{spread.median:.2f} {unit}</text>',
        ]
    return "\n".join([*parts, "</svg>\n"])
