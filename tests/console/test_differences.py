"""What is different between two sets of words, for somebody to read."""

from pathlib import Path

import pytest

from app.console.differences import difference, differences_of, name_of, place_of
from app.console.pieces import pieces
from app.console.workspace import Snapshot
from app.history import ABSENT, differences
from app.messages.folder import Folder


def moment(of_folder=None, *, path=Path("no-folder")):
    """Nothing is published and nothing drafted.

    :param of_folder: what the folder says, as contents.
    :param path: of the folder from which links are taken.
    """
    folder = Folder(path)
    folder.poll()
    catalogue = folder.catalogue()
    return Snapshot(None, {}, {}, of_folder or {}, folder=catalogue, live=catalogue, draft=catalogue)


def told(found):
    return "".join(f"[{piece.text}]" if piece.is_changed else piece.text for piece in found)


@pytest.mark.parametrize(
    ("before", "after", "was", "will_be"),
    [
        ("Please try again.", "Please try again later.", "Please try again.", "Please try again[ later]."),
        ("We call you.", "You call us.", "[We] call [you].", "[You] call [us]."),
        ("Ask your waiter", "Bon appetit, everybody", "[Ask your waiter]", "[Bon appetit, everybody]"),
        ("", "New", "", "[New]"),
        ("Old", "", "[Old]", ""),
        ("Wait a day, please", "Wait two days, please", "Wait [a day], please", "Wait [two days], please"),
        ("one two", "one two", "one two", "one two"),
    ],
)
def test_words_are_marked_that_the_other_text_does_not_have(before, after, was, will_be):
    found = pieces(before, after)
    assert (told(found[0]).replace("] [", " "), told(found[1]).replace("] [", " ")) == (was, will_be)
    assert ["".join(piece.text for piece in each) for each in found] == [before, after]


def test_texts_that_are_too_long_to_compare_are_marked_as_a_whole():
    before, after = pieces("word " * 100_000, "words " * 100_000)
    assert [len(before), len(after)] == [1, 1]


@pytest.mark.parametrize(
    ("place", "text", "page", "language"),
    [
        (("messages/en.toml", "paytronix", "user_info.not_found"), "user_info.not_found", "Words", "English"),
        (("messages/pt-BR.toml", "default"), "default", "Words", "Portuguese (Brazil)"),
        (("messages/en.toml", "account", "points"), "account: points", "Words", "English"),
        (("messages/en.toml",), "All words", "Words", "English"),
        (("messages/nonsense.toml", "default"), "default", "Words", None),
        (("merchant.toml", "look", "brand"), "Colour of buttons", "Look", None),
        (("merchant.toml", "links", "help"), "Link: Help", "Look", None),
        (("merchant.toml", "links", "menu"), "Link: menu", "Look", None),
        (("merchant.toml", "something", "new"), "something.new", "Look", None),
        (("notices.toml", "time_zone"), "Time zone", "Notices", None),
        (("notices.toml", "xmas"), "xmas", "Notices", None),
        (("pictures", "logo.svg"), "Picture logo.svg", "Look", None),
        (("odd",), "", "Look", None),
    ],
)
def test_every_place_has_a_name(place, text, page, language):
    name = name_of(place)
    assert (name.text, name.page, name.language_name) == (text, page, language)


def test_where_nothing_is_said_the_folder_counts_and_then_the_built_in_words():
    place = ("messages/en.toml", "site", "signed_out")
    entry = {"text": "Bye.", "title": None, "link": None}
    of_folder = difference(place, ABSENT, entry, moment({"messages/en.toml": {"site": {"signed_out": "See you."}}}))
    assert (told(of_folder.lines[0].before), of_folder.before_from) == ("[See you.]", "the folder")
    built_in = difference(place, ABSENT, entry, moment())
    assert built_in.before_from == "the built-in words"
    assert built_in.lines[0].before
    taken_away = difference(place, entry, None, moment({"messages/en.toml": {"site": {"signed_out": "See you."}}}))
    assert taken_away.after_from == "the built-in words"


def test_a_code_without_words_of_its_own_reads_as_the_general_words():
    place = ("messages/en.toml", "paytronix", "guest.locked")
    entry = {"text": "Ask us.", "title": None, "link": None}
    assert difference(place, ABSENT, entry, moment()).instead == "the general words"
    assert difference(place, entry, None, moment()).instead == "the general words"
    assert difference(place, entry, entry | {"title": "Locked"}, moment()).instead == "nothing", "there was no title"
    assert difference(("notices.toml", "xmas"), ABSENT, {"text": {"en": "Closed."}}, moment()).instead == "nothing"


def test_a_next_step_is_named_by_what_guests_read(tmp_path):
    entry = {"text": "Ask us.", "title": None, "link": "forgot_password"}

    def named(merchant):
        (tmp_path / "merchant.toml").write_text(f'name = "Olive"\n[links]\n{merchant}')
        place = ("messages/en.toml", "paytronix", "guest.locked")
        (line,) = difference(place, entry, entry | {"link": "menu"}, moment(path=tmp_path)).lines
        return told(line.before), told(line.after)

    assert named("") == ("[Forgotten password]", "[menu]"), "what leads nowhere goes by its name"
    assert named('forgot_password = "https://olive.example/new"') == ("[Forgot your password?]", "[menu]")
    assert named('forgot_password = { url = "https://olive.example/new", text = "A new one" }')[0] == "[A new one]"
    assert named('menu = { url = "https://olive.example/menu", text = "See what we cook" }')[1] == "[See what we cook]"


@pytest.mark.parametrize(
    "value", [None, 7, [], {}, [1, {}], {"text": 3}, {"text": {"en": None, "xx-yy": 4}}, True, "x" * 9999]
)
def test_whatever_is_in_a_revision_can_be_shown(value):
    for place in (("messages/en.toml", "site", "x"), ("notices.toml", "n"), ("merchant.toml", "links", "n"), ("odd",)):
        assert difference(place, value, "other", moment()).place == place
        assert difference(place, ABSENT, value, moment()).place == place


def test_a_link_of_the_folder_is_an_address_too():
    folder = {"merchant.toml": {"links": {"help": "tel:123456"}}}
    found = difference(("merchant.toml", "links", "help"), ABSENT, {"url": "tel:654321", "text": None}, moment(folder))
    assert [line.label for line in found.lines] == ["Address"]


def test_a_picture_stands_where_it_is_named():
    before, after = (
        {},
        {"merchant.toml": {"logo": "logo-1.svg"}, "pictures": {"logo-1.svg": "f" * 64, "odd.png": "0" * 64}},
    )
    found = differences_of(differences(before, after), moment(), before=before, after=after)
    assert [(one.name.text, one.picture_before, one.picture_after) for _, group in found.groups for one in group] == [
        ("Logo", None, "f" * 64),
        ("Picture odd.png", None, "0" * 64),
    ]


@pytest.mark.parametrize("key", ["", "{}", "[]", "[1]", '"a"', "nonsense", '["a", null]'])
def test_what_names_no_place_is_refused(key):
    with pytest.raises(ValueError):
        place_of(key)


def test_what_is_more_than_anybody_reads_at_once_is_on_several_pages():
    changes = {("messages/en.toml", "paytronix", f"code_{number:03}"): (ABSENT, "x") for number in range(120)}
    found = [differences_of(changes, moment(), before={}, after={}, page=page) for page in (-1, 1, 2, 3, 99)]
    assert [(each.page, each.pages, each.count) for each in found] == [(page, 3, 120) for page in (1, 1, 2, 3, 3)]
    shown = [one.name.text for each in found[1:4] for _, group in each.groups for one in group]
    assert shown == [f"code_{number:03}" for number in range(120)]
