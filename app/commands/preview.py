"""Every page that has words on it, as files that a browser opens without a server."""

import re
import shutil
from datetime import UTC, datetime
from functools import partial
from html import escape
from pathlib import Path

from app.messages import Catalogue
from app.previews import PreviewState, preview_states, render_preview

STATIC = Path(__file__).parents[2] / "static"
_ADDRESS = re.compile(r'(?P<to>href|formaction)="/(?:language/(?P<tag>[A-Za-z0-9-]+)[^"]*)?"')
_FOLDER_OF_FILE = re.compile(r"(?:/static|/brand|\.\.)/[0-9a-f]+/")  # in pages, and in the stylesheet of the look

_SHEET = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Every page – {name}</title>
<style>
body {{ margin: 1rem; font-family: system-ui, sans-serif; background: #777; color: #fff; }}
main {{ display: flex; flex-wrap: wrap; gap: 1rem; }}
figure {{ margin: 0; }}
figcaption {{ padding-block: 0.25rem; font-weight: 600; max-width: 390px; overflow-wrap: anywhere; }}
iframe {{ width: 390px; height: 1100px; border: 0; background: #fff; }}
a {{ color: inherit; }}
</style>
</head>
<body>
<h1>{name}: every page, at the width of a phone</h1>
<main>
{figures}
</main>
</body>
</html>
"""


def write_preview(out: Path, catalogue: Catalogue, *, now: datetime | None = None) -> int:
    """Write the pages, the look that they need, and ``index.html``, which shows them all.

    :param now: aware; this moment unless given. Notices are told apart by it.
    :returns: how many pages.
    :raises OSError: the folder cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    for asset_file in STATIC.glob("*.*"):
        shutil.copy(asset_file, out)
    for name, asset in catalogue.theme.assets.items():
        content = asset.content
        if asset.mimetype == "text/css":
            content = _FOLDER_OF_FILE.sub("", content.decode()).encode()
        (out / f"{name}{asset.suffix}").write_bytes(content)
    figures = []
    for number, state in enumerate(preview_states(catalogue, now or datetime.now(UTC))):
        for localizer in catalogue.localizers:
            file = _file(state, number, localizer.language)
            page = _FOLDER_OF_FILE.sub("", render_preview(catalogue, localizer, state))
            page = _ADDRESS.sub(partial(_between_files, state, number), page)
            (out / file).write_text(page, encoding="utf-8")
            caption = escape(f"{localizer.language}  {state.name}")
            figures.append(
                f'<figure><figcaption><a href="{escape(file)}">{caption}</a></figcaption><iframe'
                f' src="{escape(file)}" title="{caption}" loading="lazy" sandbox="allow-same-origin"></iframe></figure>'
            )
    sheet = _SHEET.format(name=escape(catalogue.merchant.name), figures="\n".join(figures))
    (out / "index.html").write_text(sheet, encoding="utf-8")
    return len(figures)


def _between_files(state: PreviewState, number: int, address: re.Match[str]) -> str:
    """Where a link of the site leads in the preview: to the same page in another language, or to the sheet."""
    tag = address["tag"]
    return f'{address["to"]}="{_file(state, number, tag) if tag else "index.html"}"'


def _file(state: PreviewState, number: int, language: str) -> str:
    """A page's name; the codes of Paytronix fit into no file system, so a number tells situations apart."""
    return f"{number:03}-{language}-{re.sub(r'[^a-z0-9_.-]+', '-', state.name)[:60]}.html"
