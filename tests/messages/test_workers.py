"""The words of a running site with several workers, while somebody writes in the folder."""

import threading
import time

REWRITES, PAUSE_SECONDS = 64, 0.035  # neither it nor its half can be divided by 3: those are broken
LIVE_WITHIN_SECONDS = 5


def version(number):
    return f'[login]\nheading = "V{number}"\nbutton = "V{number}"\n# {"x" * 3000}\n[site]\nnot_found = {{ title = "T", text = "V{number}" }}\n'


def shown(page):
    """The version on a sign-in page: all of its words are of one and the same."""
    heading, button = page.split("<h1>")[1].split("</h1>")[0], page.split('<button type="submit">')[1].split("<")[0]
    assert heading == button
    return heading


def test_three_workers_under_load_never_lack_words_and_take_every_good_version(run_site, folder, until):
    words = folder.path / "messages/en.toml"
    words.write_text(version(0) + '[nobody]\nknows = "this"\n')
    # Not loaded before the fork: each worker begins by itself.
    site = run_site(workers=3, MERCHANT_DIR=str(folder.path))
    stop, trouble, pages = threading.Event(), [], []

    def read():
        while not stop.is_set():
            try:
                answer = site.fetch("GET", "/login", headers={"Accept-Language": "en"})
                assert answer.status_code == 200, answer.status_code
                pages.append((time.monotonic(), shown(answer.text)))
                time.sleep(0.01)  # a page costs the guest more than the site
            except Exception as error:
                trouble.append(repr(error))
                return

    guests = [threading.Thread(target=read) for _ in range(4)]
    for guest in guests:
        guest.start()
    try:
        # Each has read the first version, and tells of its fault. A worker that begins while a file is broken has no
        # good version to go on with.
        until(lambda: len(site.log("words_fault")) == 3, seconds=20)
        replaced_at = {}
        waits = []
        for number in range(1, REWRITES + 1):
            text = version(number)
            broken = number % 3 == 0
            if number % 2:
                (folder.path / "messages/.new").write_text(text[:20] if broken else text)
                (folder.path / "messages/.new").replace(words)
            else:
                words.write_text(text[:20] if broken else text)
            replaced_at[number] = time.monotonic()
            time.sleep(PAUSE_SECONDS)
            if number in {REWRITES // 2, REWRITES}:  # good ones, and then peace: every worker must have them
                waits.append(_seconds_until_all_show(f"V{number}", pages, replaced_at[number], until))
    finally:
        stop.set()
        for guest in guests:
            guest.join()
    assert trouble == []
    assert len(pages) > 100
    assert max(waits) <= LIVE_WITHIN_SECONDS
    assert max(_seconds_late(at, shown, replaced_at) for at, shown in pages) <= LIVE_WITHIN_SECONDS
    assert {shown for _, shown in pages} - {f"V{number}" for number in range(REWRITES + 1)} == set()
    assert not {shown for _, shown in pages} & {f"V{number}" for number in range(3, REWRITES + 1, 3)}
    assert site.log("unexpected_error") == []


def _seconds_until_all_show(version, pages, written_at, until):
    """How long after it was written the last page with older words was answered; a hundred pages of four guests reach
    every worker."""

    def is_everywhere():
        later = [shown for _, shown in pages[-100:]]
        return len(later) == 100 and set(later) == {version}

    until(is_everywhere, seconds=2 * LIVE_WITHIN_SECONDS)
    return max((at for at, shown in pages if shown != version), default=written_at) - written_at


def _seconds_late(answered_at, shown, replaced_at):
    """For how long there had been a newer good version when a page was answered."""
    newer = (at for number, at in replaced_at.items() if number > int(shown[1:]) and number % 3)
    return answered_at - min(newer, default=answered_at)
