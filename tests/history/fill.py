"""Long histories, made quickly: what would take minutes to publish takes seconds to insert."""

import random
from datetime import UTC, datetime, timedelta
from itertools import product

import sqlalchemy as sa

from app.history.contents import with_changes
from app.history.tables import audit_events, revisions

LANGUAGES = ("en", "es")
BEGAN = datetime(2020, 1, 1, tzinfo=UTC)


_VOCABULARY = [
    "".join(pair) for pair in product(("ca", "ño", "tri", "se", "lum", "ba", "or", "pe", "vi", "da"), repeat=3)
]


def words(number, language):
    """What guests read of a code: as long as a real message, and as unlike the others."""
    chance = random.Random(f"{language} {number}")
    return {
        "text": " ".join(chance.choices(_VOCABULARY, k=16)),
        "title": " ".join(chance.choices(_VOCABULARY, k=2)),
        "link": "help",
    }


def code(number):
    return f"module_{number % 23}.could_not_do_{number}"


def contents_of(codes):
    """A full set of words in two languages."""
    return {
        f"messages/{language}.toml": {"paytronix": {code(number): words(number, language) for number in range(codes)}}
        for language in LANGUAGES
    }


def fill(database, revisions_wanted=500, codes=500):
    """Give an empty database that many revisions of that many codes in two languages, each with one change, and as
    many audit events. They are as ``Revisions.publish`` would have made them, a minute apart since 2020.

    :returns: the contents of the last one.
    """
    contents, rows, noted = contents_of(codes), [], []
    for number in range(1, revisions_wanted + 1):
        place = ("messages/en.toml", "paytronix", code(number % codes))
        change = {place: words(number, "en") | {"title": f"Change {number}"}}
        if number > 1:
            contents = with_changes(contents, change)
        made_at = BEGAN + timedelta(minutes=number)
        rows.append(
            {
                "number": number,
                "based_on": number - 1 or None,
                "made_by": "Ana",
                "made_at": made_at,
                "comment": f"The {number}th change",
                "effective_at": made_at,
                "changed": 1 if number > 1 else codes * 2,
                "contents": contents,
            }
        )
        about = {"revision": number, "changes": 1, "comment": f"The {number}th change"}
        noted.append({"done_at": made_at, "done_by": "Ana", "what": "published", "about": about})
    with database.writing() as connection:
        for start in range(0, len(rows), 100):
            connection.execute(sa.insert(revisions), rows[start : start + 100])
            connection.execute(sa.insert(audit_events), noted[start : start + 100])
    return contents
