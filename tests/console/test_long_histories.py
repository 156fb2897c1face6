"""Five hundred revisions of five hundred codes in two languages: no page makes anybody wait."""

import time

import pytest

from app.history import Database
from tests.console.conftest import sign_in
from tests.history.fill import code, fill, words

MOST_SECONDS = 0.2
PAGES = (
    "/publish", "/publish?page=5", "/history", "/history?before=250", "/history/500", "/history/250", "/history/0",
    "/audit", "/audit?before=250", "/notices", "/notices/edit", "/look",
)  # fmt: skip


@pytest.mark.parametrize("changes", [0, 500])
def test_every_page_comes_quickly(make_console, tmp_path, changes):
    app = make_console()
    fill(Database(f"sqlite:///{tmp_path}/messages.db"))
    drafted = {("messages/es.toml", "paytronix", code(each)): words(each, "en") for each in range(changes)}
    drafted[("merchant.toml", "phone")] = "020 7946 0123"  # so that all entries are looked at
    app.extensions["console"].drafts.save_all(drafted, by="Ana", is_publisher=True)
    ana, took = sign_in(app), {}
    for path in PAGES:
        took[path] = min(_seconds(ana, path) for _ in range(5))
    print(", ".join(f"{path} {1000 * seconds:.0f} ms" for path, seconds in took.items()))
    assert {path: seconds for path, seconds in took.items() if seconds >= MOST_SECONDS} == {}


def _seconds(client, path):
    """What a page takes of a processor, which others use too."""
    began = time.thread_time()
    assert client.get(path).status_code == 200
    return time.thread_time() - began
