"""Every page that has words on it, as files that a browser opens without a server."""

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from html import escape
from pathlib import Path
from types import MappingProxyType

from flask import current_app, g

from app.card_code import card_code
from app.messages import Catalogue, Message, Voice
from app.messages.catalogue import LAST_RESORT
from app.messages.check import AFTER_SIGN_IN
from app.messages.listing import lines
from app.messages.notices import Notice
from app.messages.shipped import shipped
from app.messages.words import DEFAULT, PAYTRONIX, SITE
from app.pages import render
from app.paytronix.models import Account, Balance, Expiration
from app.site import site

STATIC = Path(__file__).parents[2] / "static"
EXAMPLES = {"minutes": "5", "reference": "4f1c20d8a3b96e75"}
ACCOUNT = Account(
    points=(Balance(name="Points", amount=Decimal(1250)),),
    rewards=(
        Balance(
            name="Free dessert", amount=Decimal(2), expirations=(Expiration(Decimal(1), last_day=date(2030, 12, 31)),)
        ),
    ),
    stored_value=(Balance(name="Gift card", amount=Decimal("12.50")),),
    tier="Gold",
)
CARD_NUMBER = "6000000000000017"

_ADDRESS = re.compile(r'href="/(?:language/(?P<tag>[A-Za-z0-9-]+)[^"]*)?"')
_FOLDER_OF_FILE = re.compile(r"(?:/static|/brand|\.\.)/[0-9a-f]+/")  # in pages, and in the stylesheet of the look
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


@dataclass(frozen=True)
class Situation:
    """A page of the preview, in every language.

    :ivar show: gives its HTML, within a request
    """

    name: str
    show: Callable[[Voice], str]

    def file(self, number: int, language: str) -> str:
        """Its name; the codes of Paytronix fit into no file system, so a number tells situations apart."""
        return f"{number:03}-{language}-{re.sub(r'[^a-z0-9_.-]+', '-', self.name)[:60]}.html"


def write_preview(out: Path, *, now: datetime | None = None) -> int:
    """Write the pages, the look that they need, and ``index.html``, which shows them all.

    :param now: aware; this moment unless given. Notices are told apart by it.
    :returns: how many pages.
    :raises OSError: the folder cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    for asset_file in STATIC.iterdir():
        shutil.copy(asset_file, out)
    catalogue = site().messages.current()
    for name, asset in catalogue.look.assets.items():
        content = asset.content
        if asset.mimetype == "text/css":
            content = _FOLDER_OF_FILE.sub("", content.decode()).encode()
        (out / f"{name}{asset.suffix}").write_bytes(content)
    figures = []
    for number, situation in enumerate(_situations(catalogue, now or datetime.now(UTC))):
        for voice in catalogue.voices:
            file = situation.file(number, voice.language)
            page = _ADDRESS.sub(partial(_between_files, situation, number), _page(voice, situation))
            (out / file).write_text(page, encoding="utf-8")
            caption = escape(f"{voice.language}  {situation.name}")
            figures.append(
                f'<figure><figcaption><a href="{escape(file)}">{caption}</a></figcaption><iframe'
                f' src="{escape(file)}" title="{caption}" loading="lazy" sandbox="allow-same-origin"></iframe></figure>'
            )
    sheet = _SHEET.format(name=escape(catalogue.merchant.name), figures="\n".join(figures))
    (out / "index.html").write_text(sheet, encoding="utf-8")
    return len(figures)


def _between_files(situation: Situation, number: int, address: re.Match[str]) -> str:
    """Where a link of the site leads in the preview: to the same page in another language, or to the sheet."""
    tag = address["tag"]
    return f'href="{situation.file(number, tag) if tag else "index.html"}"'


def _situations(catalogue: Catalogue, now: datetime) -> Iterator[Situation]:
    yield Situation("sign-in", lambda _: _sign_in(None))
    for notice in catalogue.notices:
        yield Situation(f"notice {notice.name} ({_when(notice, now)})", partial(_with_notice, notice))
    yield Situation("account", lambda _: _account(None, ACCOUNT))
    yield Situation("account without anything", lambda _: _account(None, Account()))
    for name, section in dict.fromkeys((line.name, line.section) for line in lines(catalogue)):
        if section in {"", PAYTRONIX}:
            yield Situation(name, partial(_with_code, name))
        elif section == SITE and name not in _NO_PAGE:
            yield Situation(name, partial(_of_the_site, name))


def _when(notice: Notice, now: datetime) -> str:
    if notice.ends_at and notice.ends_at <= now:
        return "over"
    if notice.begins_at and notice.begins_at > now:
        return f"from {notice.begins_at:%Y-%m-%d}"
    return "while Paytronix is failing" if notice.while_failing else "now"


def _page(voice: Voice, situation: Situation) -> str:
    """The page on which guests read a sentence, through the site's own templates."""
    with current_app.test_request_context("/login", base_url=str(site().settings.public_url)):
        g.voice = voice
        g.request_id = EXAMPLES["reference"]
        return _FOLDER_OF_FILE.sub("", situation.show(voice))


def _with_notice(notice: Notice, voice: Voice) -> str:
    return _sign_in(None, voice.notice(notice))


def _with_code(name: str, voice: Voice) -> str:
    """On the page on which a guest meets the code."""
    if name == DEFAULT[1]:
        return _sign_in(voice.said(*DEFAULT))
    if AFTER_SIGN_IN.match(name):
        return _account(voice.paytronix(name))
    return _sign_in(voice.paytronix(name, signing_in=True))


def _of_the_site(name: str, voice: Voice) -> str:
    message = voice.site(name, minutes=EXAMPLES["minutes"])
    if shipped().words[LAST_RESORT][SITE, name].title:
        return render("error.html", message=message, reference=g.request_id)
    if name in _ON_ACCOUNT:
        return _account(message, card_ending="" if name == "no_card" else CARD_NUMBER[-4:])
    if name in _NOTICES:
        return _sign_in(None, notice=message)
    field = name.partition("_")[0] if name.startswith(("username_", "password_")) else None
    return _sign_in(None if field else message, field_errors={field: message} if field else {})


def _account(message: Message | None, account: Account | None = None, *, card_ending: str = CARD_NUMBER[-4:]) -> str:
    kind = site().messages.current().merchant.show_card_code
    return render(
        "account.html",
        message=message,
        first_name="Ana",
        account=account,
        card_ending=card_ending,
        card_code=card_code(CARD_NUMBER, kind) if kind and card_ending else None,
    )


def _sign_in(
    message: Message | None,
    merchants_notice: Message | None = None,
    *,
    notice: Message | None = None,
    field_errors: Mapping[str, Message] = MappingProxyType({}),
) -> str:
    return render(
        "login.html",
        username="",
        next="",
        field_errors=field_errors,
        message=message,
        notice=notice,
        merchants_notices=[merchants_notice] if merchants_notice else [],
        here=None,
    )
