"""``notices.toml``: which notice is shown when, and what is wrong with one that is not."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from importlib import resources

import pytest

from app.messages import Messages
from tests.sites import ROOT


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def shown(folder, moment, language="en", *, failing=False):
    return [message.text for message in folder.localizer(language).notices(at(moment), paytronix_is_failing=failing)]


ZONE = 'time_zone = "America/New_York"\n'


@pytest.mark.parametrize(
    ("times", "first", "last"),
    [
        ("from = 2026-12-01T09:00:00Z\nuntil = 2026-12-02T09:00:00Z", "2026-12-01T09:00:00", "2026-12-02T08:59:59"),
        ("from = 2026-12-01 09:00:00\nuntil = 2026-12-02 09:00:00", "2026-12-01T14:00:00", "2026-12-02T13:59:59"),
        ('from = "2026-12-01 09:00"\nuntil = "2026-12-02 09:00"', "2026-12-01T14:00:00", "2026-12-02T13:59:59"),
        ('from = "2026-07-01 09:00"\nuntil = "2026-07-02 09:00"', "2026-07-01T13:00:00", "2026-07-02T12:59:59"),
        ("from = 2026-12-01\nuntil = 2026-12-02", "2026-12-01T05:00:00", "2026-12-03T04:59:59"),
        ('from = "2026-12-01"\nuntil = "2026-12-02"', "2026-12-01T05:00:00", "2026-12-03T04:59:59"),
        ('from = "20261201"\nuntil = "20261202"', "2026-12-01T05:00:00", "2026-12-03T04:59:59"),
        ('from = "2026-12-01 9.00"\nuntil = "2026-12-02 09.45"', "2026-12-01T14:00:00", "2026-12-02T14:44:59"),
        ('from = "2026-12-01T09:00:30"\nuntil = "2026-12-02 09:00Z"', "2026-12-01T14:00:30", "2026-12-02T08:59:59"),
        (
            'from = "2026-12-01 09:00:00.000"\nuntil = "2026-12-02 09:00:00.000000"',
            "2026-12-01T14:00:00",
            "2026-12-02T13:59:59",
        ),
        ('from = "2026-12-01 09:00 +02:00"\nuntil = "2026-12-02 "', "2026-12-01T07:00:00", "2026-12-03T04:59:59"),
        ("from = 2026-12-01\nuntil = 2026-12-01", "2026-12-01T05:00:00", "2026-12-02T04:59:59"),
    ],
)
def test_a_notice_is_shown_from_its_first_moment_to_its_last(folder, times, first, last):
    folder.write("notices.toml", f'{ZONE}[n]\n{times}\ntext.en = "Hello"')
    assert folder.catalogue().problems == ()
    [notice] = folder.catalogue().notices
    assert shown(folder, first) == shown(folder, last) == ["Hello"]
    assert notice.begins_at == at(first)
    assert (notice.ends_at - at(last)).total_seconds() == 1
    assert not notice.is_due(notice.ends_at, paytronix_is_failing=False)
    assert not notice.is_due(datetime(2026, 1, 1, tzinfo=UTC), paytronix_is_failing=False)


def test_a_notice_may_hold_while_paytronix_is_failing_within_a_time(folder):
    folder.write("notices.toml", '[n]\nwhile = "paytronix_failing"\nuntil = 2026-12-02T00:00:00Z\ntext.en = "Hello"')
    assert shown(folder, "2026-12-01T00:00:00") == []
    assert shown(folder, "2026-12-01T00:00:00", failing=True) == ["Hello"]
    assert shown(folder, "2026-12-03T00:00:00", failing=True) == []


def test_a_notice_speaks_the_guests_language_else_the_first_else_the_one_it_has(folder):
    folder.merchant('name = "Olive"\nlanguages = ["es", "en", "fr"]').write("messages/fr.toml", "")
    folder.write(
        "notices.toml",
        '[a]\nuntil = 2999-01-01T00:00:00Z\ntext.fr = "F {merchant}"\ntext.es = "E"\ntext.en = "{phone}"',
    )
    assert shown(folder, "2026-01-01T00:00:00", "fr") == ["F Olive"]
    assert shown(folder, "2026-01-01T00:00:00", "es") == ["E"]
    assert shown(folder, "2026-01-01T00:00:00", "en") == ["E"]


FAULTS = [
    ("[n]\nuntil = 2999-01-01\ntext.en = 'x'", "No time zone", 2),
    ("time_zone = 'Europe/Lundon'\n[n]\nuntil = 2999-01-01T00:00:00Z\ntext.en = ' '", "no time zone", 1),
    ("time_zone = '../../etc/passwd'", "no time zone", 1),
    ("time_zone = 5", "no time zone", 1),
    ("[n]\nuntil = 5\ntext.en = 'x'", "no day and no time", 2),
    ("[n]\nuntil = 'tomorrow'\ntext.en = 'x'", "no day and no time", 2),
    *(
        (f"[n]\nuntil = '{text}'\ntext.en = 'x'", "no day and no time", 2)
        for text in (
            *("2026-W52", "2026-W52-4", "2026-358", "2026-1224", "202612-24", "24.12.2026", "12/24/2026", "2026-12"),
            *("2026-12-24 18,30", "2026-12-24 1830", "2026-12-24 18", "2026-12-24 18.30.00", "2026-12-24 24:00:01"),
            *("2026-12-24 18:30.5", "2026-12-24 6:30 pm", "2026-12-24 18:30 CET", "２０２６-12-24", "2026-02-30"),
        )
    ),
    ("time_zone = 'Asia/Tokyo'\n[n]\nuntil = 9999-12-31\ntext.en = 'x'", "no day and no time", 3),
    ("[n]\nfrom = 2026-12-02T00:00:00Z\nuntil = 2026-12-01T00:00:00Z\ntext.en = 'x'", "before it begins", 3),
    *(  # half past two is half past three on that day; in Beirut the day itself begins an hour late
        (f"time_zone = '{zone}'\n[n]\nfrom = {begins}\nuntil = {ends}\ntext.en = 'x'", told, line)
        for zone, begins, ends, told, line in (
            ("America/New_York", "'2027-03-14 02:30'", "'2027-03-14 03:15'", "the clock is put forward", 3),
            ("Europe/London", "2027-03-28T01:30:00", "2027-03-28T02:15:00", "the clock is put forward", 3),
            ("Asia/Beirut", "'2027-03-28 00:30'", "'2027-03-28 01:10'", "the clock is put forward", 3),
            ("America/New_York", "'2027-03-14 04:30'", "'2027-03-14 04:15'", "ends before it begins", 4),
            ("America/New_York", "'2027-11-07 01:50'", "'2027-11-07 01:10'", "ends before it begins", 4),
        )
    ),
    ("[n]\nwhile = 'raining'\ntext.en = 'x'", "no such state", 2),
    ("[n]\nwhile = 'paytronix_failing'", "has no text", 1),
    ("[n]\nwhile = 'paytronix_failing'\ntext = 'x'", "in which language", 3),
    ("[n]\nwhile = 'paytronix_failing'\ntext.english = 'x'", "no language", 3),
    ("[n]\nwhile = 'paytronix_failing'\ntext.en = 5", "no text", 3),
    ("[n]\nwhile = 'paytronix_failing'\ntext.en = 'a\u202eb'", "direction", 3),
    ("[n]\nuntl = 5\ntext.en = 'x'", '"until"', 2),
    ("n = 5", "no notice", 1),
]


@pytest.mark.parametrize(("text", "told", "line"), FAULTS)
def test_a_notice_with_a_fault_is_left_out_and_the_others_are_there(folder, text, told, line):
    folder.write("notices.toml", f'{text}\n[good]\nuntil = 2999-01-01T00:00:00Z\ntext.en = "Good"')
    catalogue = folder.catalogue()
    assert [notice.name for notice in catalogue.notices] == ["good"]
    assert any(told in f"{fault.description} {fault.suggestion}" and fault.line == line for fault in catalogue.problems)
    assert {fault.file for fault in catalogue.problems} == {"notices.toml"}


def test_a_link_or_a_placeholder_that_there_is_not_leaves_the_sentence(folder):
    folder.write("notices.toml", '[n]\nuntil = 2999-01-01T00:00:00Z\nlink = "halp"\ntext.en = "See {place}"')
    assert shown(folder, "2026-01-01T00:00:00") == ["See {place}"]
    assert len(folder.catalogue().problems) == 2


def test_all_that_is_wrong_with_a_notice_is_told_at_once(folder):
    folder.write(
        "notices.toml", "[n]\nfrom = 'soon'\nuntl = 5\nwhile = 'raining'\nlink = 'halp'\ntext.en = 5\nes = 'x'"
    )
    assert [problem.line for problem in folder.catalogue().problems] == [2, 3, 4, 5, 6, 7]


def test_a_broken_file_of_notices_leaves_its_last_good_ones_and_a_deleted_one_none(folder, until):
    def text():
        localizer = words.current().negotiate("en")
        return [message.text for message in localizer.notices(at("2026-01-01T00:00:00"), paytronix_is_failing=False)]

    folder.write("notices.toml", '[n]\nuntil = 2999-01-01T00:00:00Z\ntext.en = "One"')
    words = Messages(folder.path, poll_seconds=0.02)
    assert text() == ["One"]
    folder.write("notices.toml", "[n\n")
    until(lambda: words.current().problems)
    assert text() == ["One"]
    folder.write("notices.toml", '[n]\nuntil = 2999-01-01T00:00:00Z\ntext.en = "Two"')
    until(lambda: text() == ["Two"])
    (folder.path / "notices.toml").unlink()
    until(lambda: text() == [])


def test_christmas_dinner_at_half_past_six_begins_at_half_past_six(folder):
    folder.write(
        "notices.toml",
        'time_zone = "Europe/Rome"\n\n[dinner]\nfrom = "2026-12-24 18.30"\nuntil = "2026-12-24 22.45"\n'
        'text.en = "Christmas dinner from half past six."\n\n[day]\nuntil = "20261224"\ntext.en = "Until the 24th."\n',
    )
    until_the_24th = "Until the 24th."
    assert shown(folder, "2026-12-24T17:29:59") == [until_the_24th]
    assert shown(folder, "2026-12-24T17:30:00") == ["Christmas dinner from half past six.", until_the_24th]
    assert shown(folder, "2026-12-24T21:45:00") == [until_the_24th]
    assert shown(folder, "2026-12-24T23:00:00") == []


def test_time_zones_do_not_depend_on_the_machines_data(folder, tmp_path):
    """Neither on a machine that has none, nor on one that has others."""
    other = tmp_path / "zoneinfo" / "America"
    other.mkdir(parents=True)
    utc = resources.files("tzdata.zoneinfo").joinpath("UTC").read_bytes()
    (other / "New_York").write_bytes(utc)
    asked = (
        "from app.messages.times import zone_named\n"
        "from datetime import datetime\n"
        "print(datetime(2026, 7, 1, tzinfo=zone_named('America/New_York')).utcoffset())"
    )
    for path in ("", str(other.parent)):
        told = subprocess.run(
            [sys.executable, "-c", asked],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "PYTHONTZPATH": path},
            capture_output=True,
            text=True,
            check=True,
        )
        assert told.stdout == "-1 day, 20:00:00\n"
