"""Every page that has words on it, as files that a browser opens without a server."""

import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from types import SimpleNamespace

from flask import current_app, g, render_template

from app.messages import Catalogue, Message, Voice
from app.messages.catalogue import LAST_RESORT
from app.messages.listing import Line, lines
from app.messages.shipped import shipped
from app.messages.words import PAYTRONIX, SITE
from app.site import site

STATIC = Path(__file__).parents[2] / "static"
EXAMPLES = {"minutes": "5", "reference": "4f1c20d8a3b96e75"}

_FOLDER_OF_FILE = re.compile(
    r"(?:/static|/brand|\.\.)/[0-9a-f]+/"
)  # addresses in pages, and in the stylesheet of the look
_NOTICES = frozenset({"session_ended", "session_expired", "session_too_old", "signed_out"})
_ON_ACCOUNT = frozenset({"part_unavailable", "card_unavailable", "no_card"})
_NO_PAGE = frozenset({"wrong_address"})  # plain text, since the address may be anybody's

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
iframe {{ width: 390px; height: 860px; border: 0; background: #fff; }}
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


@dataclass(frozen=True)
class Picture:
    """One page of the preview.

    :ivar file: its name; the codes of Paytronix fit into no file system, so a number tells pages apart
    """

    file: str
    caption: str


def write_preview(out: Path) -> int:
    """Write the pages, the look that they need, and ``index.html``, which shows them all.

    :returns: how many pages.
    :raises OSError: the folder cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    for file in STATIC.iterdir():
        shutil.copy(file, out)
    catalogue = site().messages.current()
    for name, asset in catalogue.look.assets.items():
        content = asset.content
        if asset.mimetype == "text/css":
            content = _FOLDER_OF_FILE.sub("", content.decode()).encode()
        (out / f"{name}{asset.suffix}").write_bytes(content)
    pictures: list[Picture] = []
    for line in [None, *_with_a_page(catalogue)]:
        for voice in catalogue.voices:
            if line and line.language != voice.language:
                continue
            name = line.name if line else "sign-in"
            number = f"{len(pictures):03}"
            picture = Picture(f"{number}-{voice.language}-{_slug(name)}.html", f"{voice.language}  {name}")
            (out / picture.file).write_text(_page(voice, line), encoding="utf-8")
            pictures.append(picture)
    figures = "\n".join(
        f'<figure><figcaption><a href="{escape(each.file)}">{escape(each.caption)}</a></figcaption><iframe'
        f' src="{escape(each.file)}" title="{escape(each.caption)}" sandbox="allow-same-origin"></iframe></figure>'
        for each in pictures
    )
    sheet = _SHEET.format(name=escape(catalogue.merchant.name), figures=figures)
    (out / "index.html").write_text(sheet, encoding="utf-8")
    return len(pictures)


def _with_a_page(catalogue: Catalogue) -> list[Line]:
    return [
        line
        for line in lines(catalogue)
        if line.section in {"", PAYTRONIX} or (line.section == SITE and line.name not in _NO_PAGE)
    ]


def _page(voice: Voice, line: Line | None) -> str:
    """The page on which guests read a sentence, through the site's own templates."""
    with current_app.test_request_context("/login", base_url=str(site().settings.public_url)):
        g.voice = voice
        g.request_id = EXAMPLES["reference"]
        message = line.message if line else None
        if line and line.section == SITE:
            message = voice.site(line.name, minutes=EXAMPLES["minutes"])
        site_entry = line.name if line and line.section == SITE else ""
        notices = [] if line else voice.notices(datetime.now(UTC), paytronix_is_failing=True)
        return _FOLDER_OF_FILE.sub("", _rendered(site_entry, message, notices))


def _rendered(site_entry: str, message: Message | None, notices: list[Message]) -> str:
    if site_entry and shipped().words[LAST_RESORT][SITE, site_entry].title:
        return render_template("error.html", message=message, reference=g.request_id)
    if site_entry in _ON_ACCOUNT:
        card = "" if site_entry == "no_card" else "0017"
        return render_template(
            "account.html", message=message, first_name="Ana", account=None, card_ending=card, card_code=None
        )
    field = site_entry.partition("_")[0] if site_entry.startswith(("username_", "password_")) else None
    is_notice = site_entry in _NOTICES
    return render_template(
        "login.html",
        form=SimpleNamespace(next=SimpleNamespace(data=""), username=SimpleNamespace(data="")),
        field_errors={field: message} if field else {},
        message=None if field or is_notice else message,
        notice=message if is_notice else None,
        merchants_notices=notices,
        here=None,
    )


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9_.-]+", "-", name)[:60]
