"""A record opens with the session id under its own name, and with nothing else."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.store.sealing import SessionKeys, is_session_id, new_session_id

SESSION_ID = new_session_id()
KEYS = SessionKeys(SESSION_ID)


def test_session_ids_are_unlike_and_have_the_form():
    ids = {new_session_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(is_session_id(each) for each in ids)
    assert len({each[:4] for each in ids}) > 990


@pytest.mark.parametrize(
    "text",
    ["", "x", "A" * 42, "A" * 44, "A" * 43 + "\n", "\n" + "A" * 42, "é" * 43, "=" * 43, "A" * 42 + "٣",
     "A" * 42 + "\0", "A" * 42 + "+", "A" * 3000],
)  # fmt: skip
def test_what_has_not_the_form_is_no_session_id(text):
    assert not is_session_id(text)
    with pytest.raises(ValueError, match=r"^This is not a session id\.$"):
        SessionKeys(text)


def test_a_sealed_record_opens_again():
    for plain in (b"", b"x", bytes(range(256)) * 20):
        assert KEYS.open("t:{a}", KEYS.seal("t:{a}", plain)) == plain


def test_the_keys_of_one_session_id_are_always_the_same():
    sealed = KEYS.seal("t:{a}", b"tokens")
    assert SessionKeys(SESSION_ID).name == KEYS.name
    assert SessionKeys(SESSION_ID).open("t:{a}", sealed) == b"tokens"


def test_the_name_opens_nothing_and_is_no_session_id():
    assert re.fullmatch(r"[0-9a-f]{32}", KEYS.name)
    assert not is_session_id(KEYS.name)


def test_a_record_does_not_open_under_another_name_or_with_another_session_id():
    sealed = KEYS.seal("t:{a}", b"tokens")
    assert KEYS.open("s:{a}", sealed) is None
    assert SessionKeys(new_session_id()).open("t:{a}", sealed) is None


@pytest.mark.parametrize("position", range(43))
def test_a_session_id_changed_by_one_character_is_another_one(position):
    other = "A" if SESSION_ID[position] != "A" else "B"
    changed = SessionKeys(SESSION_ID[:position] + other + SESSION_ID[position + 1 :])
    assert changed.name != KEYS.name
    assert changed.open("t:{a}", KEYS.seal("t:{a}", b"tokens")) is None


def test_nothing_is_sealed_twice_alike_and_nothing_shows_through():
    sealed = {KEYS.seal("t:{a}", b"marker-token") for _ in range(100)}
    assert len(sealed) == 100
    assert not any(b"marker" in each for each in sealed)


def test_the_representation_shows_neither_the_session_id_nor_a_key():
    shown = repr(KEYS)
    assert shown == f"SessionKeys({KEYS.name[:8]}…)"
    assert SESSION_ID[:6] not in shown


def test_a_record_of_an_earlier_release_opens():
    keys = SessionKeys("A" * 21 + "-_" + "b" * 20)
    assert keys.name == "3d2a7bcf0784d156f7ba638ac88cefac"
    sealed = "019994f343ec4d03f76e495b6660c3435901d4f89d0a13f7879beca30d0bb5b5c70ad4"
    assert keys.open("t:{a}", bytes.fromhex(sealed)) == b"tokens"


@given(st.binary(max_size=200))
def test_whatever_stands_in_place_of_a_sealed_record_is_no_record(junk):
    assert KEYS.open("t:{a}", junk) is None
    assert KEYS.open("t:{a}", b"\x01" + junk) is None


@given(st.data())
def test_a_sealed_record_damaged_in_any_place_is_no_record(data):
    sealed = bytearray(KEYS.seal("t:{a}", b"tokens"))
    position = data.draw(st.integers(0, len(sealed) - 1))
    sealed[position] ^= data.draw(st.integers(1, 255))
    assert KEYS.open("t:{a}", bytes(sealed)) is None
    assert KEYS.open("t:{a}", bytes(sealed[:position])) is None


@given(st.text(), st.binary())
def test_any_record_under_any_name_opens_again(name, plain):
    assert KEYS.open(name, KEYS.seal(name, plain)) == plain
