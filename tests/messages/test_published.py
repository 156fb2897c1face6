"""an overlay laid over a live folder: taken in when it is another one, and the last good one kept."""

import pytest

from app.messages import Messages
from app.messages.overlay import Overlay

SOON = 0.02  # seconds between two looks


class Desk:
    """What is published, as a test says."""

    def __init__(self):
        self.overlay = None

    def publish(self, label, **texts):
        site = {name: {"text": text, "title": None, "link": None} for name, text in texts.items()}
        self.overlay = Overlay(label, {"messages/en.toml": {"site": site}})

    def current(self):
        return self.overlay


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def words(folder, desk):
    folder.english('[site]\nbusy = "folder"\nunavailable = "folder too"\n')
    return Messages(folder.path, published=desk.current, poll_seconds=SOON)


def said(words, name="busy"):
    return words.current().negotiate("en").site(name)


def test_an_overlay_is_laid_over_the_folder_and_taken_away_again(words, desk, until):
    assert said(words).text == "folder"
    desk.publish("revision 1", busy="one")
    until(lambda: said(words).text == "one")
    assert said(words).source == "revision 1, messages/en.toml:1"
    assert said(words, "unavailable").text == "folder too"
    desk.publish("revision 2", busy="two")
    until(lambda: said(words).text == "two")
    desk.overlay = None
    until(lambda: said(words).text == "folder")


def test_what_is_published_before_the_start_is_there_from_the_first_request_on(folder, desk):
    desk.publish("revision 1", busy="one")
    assert said(Messages(folder.path, published=desk.current, poll_seconds=3600)).text == "one"


def test_a_change_in_the_folder_is_live_below_an_edition(words, folder, desk, until):
    desk.publish("revision 1", busy="one")
    until(lambda: said(words).text == "one")
    folder.english('[site]\nbusy = "folder"\nunavailable = "other"\n')
    until(lambda: said(words, "unavailable").text == "other")
    assert said(words).text == "one"


def test_the_same_overlay_is_composed_once(words, desk, until):
    desk.publish("revision 1", busy="one")
    until(lambda: said(words).text == "one")
    catalogue = words.current()
    words.poll()
    assert words.current() is catalogue


@pytest.fixture
def breaking(monkeypatch):
    """Makes one overlay fail, as one that nobody has thought of would."""

    def fail(words, overlay):
        real = words._folder.catalogue

        def catalogue(asked=None, *rest):
            if asked is overlay:
                raise ZeroDivisionError
            return real(asked, *rest)

        monkeypatch.setattr(words._folder, "catalogue", catalogue)

    return fail


def test_an_overlay_that_makes_no_sense_leaves_the_last_good_one_and_is_a_fault(folder, desk, breaking):
    told = []
    words = Messages(folder.path, published=desk.current, on_problem=told.append, poll_seconds=3600)
    desk.publish("revision 1", busy="one")
    words.poll()
    desk.publish("revision 2", busy="two")
    breaking(words, desk.overlay)
    words.poll()
    words.poll()
    assert said(words).text == "one"
    (fault,) = words.current().problems
    assert (fault.file, fault.description) == (
        "revision 2",
        "What is published makes no sense (ZeroDivisionError). Guests read the words from before.",
    )
    assert told == [fault]
    folder.english('[site]\nunavailable = "other"\n')
    words.poll()
    assert (said(words).text, said(words, "unavailable").text) == ("one", "other")
    desk.publish("revision 3", busy="three")
    words.poll()
    assert (said(words).text, words.current().problems) == ("three", ())


def test_an_entry_is_taken_over_as_a_whole_whatever_stands_in_the_folders(folder, desk):
    folder.english(
        'default = { text = "x", tittle = "y" }\n'
        '[paytronix]\nuser_info.not_found = { text = "x", tittle = "y" }\n'
        '[site]\nbusy = { text = "x", tittle = "y" }\nunavailable = "folder"\n'
    )
    entry = {"text": "Ours.", "title": None, "link": None}
    contents = {"default": entry, "paytronix": {"user_info.not_found": entry}, "site": {"busy": entry}}
    desk.overlay = Overlay("revision 1", {"messages/en.toml": contents})
    words = Messages(folder.path, published=desk.current)
    localizer = words.current().negotiate("en")
    assert {
        localizer.message("", "default").text,
        localizer.paytronix("user_info.not_found").text,
        said(words).text,
    } == {"Ours."}
    assert said(words, "unavailable").text == "folder"
    assert words.current().problems == ()
