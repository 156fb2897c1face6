"""A saved file is live soon, in every thread and process, and nothing that happens to the folder is noticed by a guest."""

import gc
import os
import shutil
import threading
import time
import weakref

import pytest

from app.messages import Messages
from app.messages.folder import Folder

SOON = 0.02  # seconds between two looks


@pytest.fixture
def live(folder):
    def begin(**options):
        return Messages(folder.path, poll_seconds=SOON, **options)

    return begin


def said(words, name="busy"):
    return words.current().negotiate("en").site(name).text


def busy(text):
    return f'[site]\nbusy = "{text}"\n'


def test_a_saved_file_is_live_within_five_seconds_of_the_ordinary_pace(folder, until):
    words = Messages(folder.english(busy("one")).path)
    assert said(words) == "one"
    folder.english(busy("two"))
    until(lambda: said(words) == "two", seconds=5)


def test_what_was_saved_before_the_first_request_of_a_process_is_there_at_once(folder):
    words = Messages(folder.english(busy("one")).path)
    folder.english(busy("two"))
    assert said(words) == "two"


def test_a_file_that_an_editor_moves_into_place_is_live(folder, live, until):
    words = live()
    (folder.path / "messages/.en.toml.new").write_text(busy("moved"))
    (folder.path / "messages/.en.toml.new").replace(folder.path / "messages/en.toml")
    until(lambda: said(words) == "moved")


def test_a_file_of_the_same_length_and_time_is_noticed(folder, live, until):
    words = live()
    folder.english(busy("one"))
    until(lambda: said(words) == "one")
    stamp = (folder.path / "messages/en.toml").stat()
    folder.english(busy("two"))
    os.utime(folder.path / "messages/en.toml", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    until(lambda: said(words) == "two")


def test_the_swap_of_a_configmaps_link_is_live(tmp_path, until):
    mounted = tmp_path / "merchant"
    for version in ("one", "two"):
        (tmp_path / "merchant" / f"..{version}" / "messages").mkdir(parents=True)
        (mounted / f"..{version}" / "merchant.toml").write_text(f'name = "{version}"')
        (mounted / f"..{version}" / "messages/en.toml").write_text(busy(version))
    (mounted / "..data").symlink_to("..one")
    (mounted / "merchant.toml").symlink_to("..data/merchant.toml")
    (mounted / "messages").symlink_to("..data/messages")
    words = Messages(mounted, poll_seconds=SOON)
    assert (said(words), words.current().merchant.name) == ("one", "one")
    (mounted / "..data_tmp").symlink_to("..two")
    (mounted / "..data_tmp").replace(mounted / "..data")
    until(lambda: (said(words), words.current().merchant.name) == ("two", "two"))
    assert words.current().problems == ()


def test_a_broken_file_leaves_its_last_good_words_and_a_mended_one_ends_that(folder, live, until):
    words = live()
    folder.english(busy("good"))
    until(lambda: said(words) == "good")
    folder.english(busy("half")[:14])
    until(lambda: words.current().problems)
    assert said(words) == "good"
    folder.english(busy("mended"))
    until(lambda: said(words) == "mended")
    assert words.current().problems == ()


def test_a_broken_merchant_toml_leaves_the_last_good_one(folder, live, until):
    words = live()
    assert words.current().merchant.name == "Olive"
    folder.merchant("name = Olive")
    until(lambda: words.current().problems)
    assert words.current().merchant.name == "Olive"


@pytest.mark.parametrize("vanishing", ["", "messages"])
def test_a_folder_that_vanishes_leaves_the_last_good_words(folder, live, until, vanishing):
    words = live()
    folder.english(busy("good"))
    until(lambda: said(words) == "good")
    shutil.move(folder.path / vanishing, folder.path.parent / "away")
    until(lambda: words.current().problems)
    assert (said(words), words.current().merchant.name) == ("good", "Olive")
    assert "missing" in words.current().problems[0].description
    shutil.move(folder.path.parent / "away", folder.path / vanishing)
    until(lambda: not words.current().problems)
    assert said(words) == "good"


def test_a_file_that_is_empty_while_somebody_writes_keeps_its_words_until_the_folder_rests(folder, monkeypatch):
    here = Folder(folder.english(busy("good")).path)

    def said_now():
        return here.catalogue().negotiate("en").site("busy").text

    here.poll()
    folder.english("")
    with monkeypatch.context() as patch:
        patch.setattr(here, "_settled_listing", lambda: (here._list(), False))
        here.poll()
        assert said_now() == "good"
    here.poll()
    assert said_now() != "good"
    assert here.poll() is None


def test_a_file_that_rests_while_it_is_empty_keeps_its_words_until_the_next_look(folder):
    here = Folder(folder.english(busy("good")).path)
    here.poll()
    folder.english("")  # whoever does this may be kept from the next step for a while
    here.poll()
    folder.english(busy("better"))
    assert here.catalogue().negotiate("en").site("busy").text == "good"
    here.poll()
    assert here.catalogue().negotiate("en").site("busy").text == "better"
    assert here.poll() is None


def test_a_process_that_begins_while_a_file_is_being_filled_waits_for_its_words(folder, monkeypatch):
    monkeypatch.setattr("app.messages.folder._FILLED_SECONDS", 10)
    folder.english("")
    filling = threading.Timer(0.3, folder.english, [busy("good")])
    filling.start()
    here = Folder(folder.path)
    here.poll()
    filling.join()
    assert here.catalogue().negotiate("en").site("busy").text == "good"


def test_a_process_that_begins_with_a_file_that_has_long_been_empty_does_not_wait(folder):
    folder.english("")
    os.utime(folder.path / "messages/en.toml", (0, 0))
    began_at = time.monotonic()
    Folder(folder.path).poll()
    assert time.monotonic() - began_at < 0.9  # it waits a second for what is just being filled


def test_a_language_file_that_is_deleted_is_gone(folder, live, until):
    words = live()
    folder.english(busy("good"))
    until(lambda: said(words) == "good")
    (folder.path / "messages/en.toml").unlink()
    until(lambda: said(words) != "good")
    assert words.current().problems == ()


def test_a_file_that_is_deleted_while_its_folder_is_away_is_gone(folder, live, until):
    words = live()
    folder.english(busy("good"))
    until(lambda: said(words) == "good")
    shutil.move(folder.path / "messages", folder.path.parent / "away")
    until(lambda: words.current().problems)
    (folder.path.parent / "away/en.toml").unlink()
    shutil.move(folder.path.parent / "away", folder.path / "messages")
    until(lambda: said(words) != "good")


def test_a_folder_that_comes_later_is_found(tmp_path, until):
    words = Messages(tmp_path / "merchant", poll_seconds=SOON)
    assert said(words).startswith("It’s very busy")
    (tmp_path / "merchant/messages").mkdir(parents=True)
    (tmp_path / "merchant/merchant.toml").write_text('name = "Late"')
    until(lambda: words.current().merchant.name == "Late")
    until(lambda: words.current().problems == ())


def test_each_fault_is_told_once_for_each_change_of_its_file(folder, live, until):
    told = []
    folder.english('[site]\nbusy = ""\n')
    words = live(on_problem=told.append)
    assert [fault.line for fault in told] == [2]
    words.current()
    folder.merchant('name = "Other"\n')
    until(lambda: words.current().merchant.name == "Other")
    assert len(told) <= 2  # the first look of the process may tell it again
    told.clear()
    folder.english('\n[site]\nbusy = ""\n')
    until(lambda: told)
    time.sleep(5 * SOON)
    assert [(fault.file, fault.line) for fault in told] == [("messages/en.toml", 3)]


def test_a_hook_that_fails_does_not_end_the_watch(folder, live, until, caplog):
    words = live(on_problem=lambda fault: 1 / 0)
    said(words)
    folder.english("nonsense")
    until(lambda: "could not look" in caplog.text)
    folder.english(busy("fine"))
    until(lambda: said(words) == "fine")


def test_a_request_reads_no_file_and_asks_the_disk_nothing(folder, live, monkeypatch):
    words = Messages(folder.path, poll_seconds=3600)
    words.current()
    asked = []

    def refuse(*args, **options):
        asked.append(args)
        raise OSError

    for name in ("open", "stat", "listdir", "scandir"):
        monkeypatch.setattr(os, name, refuse)
    words.current().negotiate("es").paytronix("could_not_authenticate")
    monkeypatch.undo()
    assert asked == []


def test_readers_see_only_whole_catalogues_while_the_files_are_rewritten_200_times(folder, live, until):
    def version(number):
        return (
            f'[site]\nbusy = "{number}"\nunavailable = "{number}"\n' + "#" * 2000 + f'\n[error]\ntitle = "{number}"\n'
        )

    folder.english(version(0))
    words = live()
    stop = threading.Event()
    odd, seen = [], set()

    def read():
        while not stop.is_set():
            localizer = words.current().negotiate("en")
            three = (localizer.site("busy").text, localizer.site("unavailable").text, localizer.text("error", "title"))
            seen.add(three[0])
            if len(set(three)) != 1 or not three[0].isdigit():
                odd.append(three)
            time.sleep(0)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    try:
        for number in range(1, 201):
            text = version(number)
            whole = number % 3 != 0
            folder.write("messages/.new", text if whole else text[: 14 + number % 5])
            (folder.path / "messages/.new").replace(folder.path / "messages/en.toml")
            time.sleep(0.005)
            if number in {50, 100, 151, 200}:  # whole ones; on a busy machine the looks come slower than the rewrites
                until(lambda: str(number) in seen)  # noqa: B023 - waited for within the loop
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert odd == []


def test_the_thread_ends_with_its_words(folder, live, until):
    words = live()
    before = set(threading.enumerate())
    words.current()
    [thread] = set(threading.enumerate()) - before
    gone = weakref.ref(words)
    del words
    gc.collect()
    until(lambda: gone() is None and not thread.is_alive())
