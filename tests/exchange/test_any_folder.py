"""Whatever stands in a folder that the check calls fine is there after export, import and export, in any history."""

import shutil
import tempfile
from pathlib import Path

import tomli_w
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from app.messages.builtin import builtin
from app.messages.check import check
from app.messages.listing import list_messages
from app.messages.plain_text import text_problem
from tests.exchange.conftest import Desk, catalogue, files

SECTIONS = builtin().vocabulary.sections
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).filter(
    lambda text: not text_problem(text)
)
TEXTS |= st.sampled_from(
    ["Two\nlines", '"""', "'''\n\\", "{merchant}", "  spaces  ", "A\n\n\nB", "ends in \\", "\ttab"]
)
LINKS = st.sampled_from(["help", "register", "menu"])
CODES = st.from_regex(r"[a-zA-Z_]{1,8}([.:][a-zA-Z_]{1,8}){0,3}(\.\*)?", fullmatch=True) | st.sampled_from(
    ["HTTP:5xx", "a b", "ü"]
)
MESSAGES = TEXTS | st.fixed_dictionaries({"text": TEXTS}, optional={"title": TEXTS, "link": LINKS})
LABELS = TEXTS | st.fixed_dictionaries({"text": TEXTS})


def some(values, names):
    return st.dictionaries(st.sampled_from(sorted(names)), values, max_size=3)


LANGUAGE = st.fixed_dictionaries(
    {"site": st.fixed_dictionaries({"busy": MESSAGES})},
    optional={
        "default": MESSAGES,
        "paytronix": st.dictionaries(CODES, MESSAGES, max_size=4),
        "login": some(LABELS, SECTIONS["login"]),
        "account": some(LABELS, SECTIONS["account"]),
        "links": some(LABELS, ["help", "register"]),
    },
)
MERCHANT = st.fixed_dictionaries(
    {"name": TEXTS},
    optional={
        "phone": st.just("020 123"),
        "languages": st.permutations(["en", "es", "ar"]),
        "show_code": st.booleans(),
        "currency": st.just("GBP"),
        "look": some(st.sampled_from(["#123456", "navy"]), ["brand", "accent", "background"]),
        "username": st.fixed_dictionaries({"kind": st.sampled_from(["email", "phone"])}, optional={"label": TEXTS}),
    },
)
LINK = st.sampled_from(["https://a.example/x", "tel:123"])
ADDRESSES = st.fixed_dictionaries(
    dict.fromkeys(("help", "register", "menu"), LINK | st.fixed_dictionaries({"url": LINK}, optional={"text": TEXTS}))
)
MOMENTS = st.datetimes() | st.dates() | st.datetimes().map(lambda moment: moment.isoformat(" "))
NOTICES = st.dictionaries(
    st.sampled_from(["storm", "feast", "a b", "ü"]),
    st.fixed_dictionaries(
        {"until": MOMENTS, "text": st.dictionaries(st.sampled_from(["en", "es"]), TEXTS, min_size=1)},
        optional={"title": st.dictionaries(st.sampled_from(["en", "es"]), TEXTS), "link": LINKS, "from": MOMENTS},
    ),
    max_size=3,
)


def write(folder, merchant, notices, languages):
    (folder / "messages").mkdir(parents=True)
    (folder / "merchant.toml").write_text(tomli_w.dumps(merchant), encoding="utf-8")
    if notices:
        (folder / "notices.toml").write_text(tomli_w.dumps({"time_zone": "Europe/London"} | notices), encoding="utf-8")
    for tag, values in languages.items():
        (folder / f"messages/{tag}.toml").write_text(tomli_w.dumps(values), encoding="utf-8")


def what_guests_get(folder):
    """All that guests of a folder could read, without where it stands."""
    words = catalogue(folder)
    notices = {
        each.name: (each.begins_at, each.ends_at, [(tag, e.text, e.title, e.link) for tag, e in each.entries.items()])
        for each in words.notices
    }
    said = [
        (each.section, each.name, each.language, each.message.text, each.message.title, each.message.link)
        for each in list_messages(words)
    ]
    return words.merchant, sorted(said, key=str), notices


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(
    merchant=MERCHANT,
    links=ADDRESSES,
    notices=NOTICES,
    languages=st.fixed_dictionaries({"en": LANGUAGE}, optional={"es": LANGUAGE, "ar": LANGUAGE, "pt-br": LANGUAGE}),
    other=LANGUAGE,
)
def test_a_folder_without_fault_survives_the_way_out_and_in(merchant, links, notices, languages, other):
    home = Path(tempfile.mkdtemp())
    try:
        desk, empty = Desk(home / "site"), Desk(home / "empty")
        shutil.rmtree(desk.seed)
        write(desk.seed, merchant | {"links": links}, notices, languages)
        assume(not check(desk.seed).errors)
        desk.ok("export", home / "one")
        assert what_guests_get(home / "one") == what_guests_get(desk.seed)
        assert check(home / "one").errors == ()
        assert "Nothing to import" in desk.ok("import", home / "one")
        # A history over an empty folder, and one over a folder with words of its own.
        write(home / "other", {"name": "Other"}, {}, {"en": other})
        for number, seed in enumerate((empty.seed, home / "other")):
            there = Desk(home / f"there{number}")
            shutil.rmtree(there.seed)
            shutil.move(seed, there.seed)
            there.ok("import", home / "one", "--publish", "--comment", "x")
            there.ok("export", home / f"two{number}")
            assert files(home / f"two{number}") == files(home / "one")
            assert what_guests_get(home / f"two{number}") == what_guests_get(desk.seed)
            there.database.close()
    finally:
        desk.database.close()
        empty.database.close()
        shutil.rmtree(home)
