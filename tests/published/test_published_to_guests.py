"""What guests read of what is published, on a running site with several workers."""

import signal
import threading
import time

import pytest

from tests.faults.rig import children, site_workers
from tests.metrics.conftest import Metrics
from tests.stores import free_ports, until
from tests.test_processes import memory_of

LIVE_WITHIN_SECONDS = 5
BUILT_IN = "Sign in"


class Readers:
    """Guests who read the sign-in page all the time.

    :ivar pages: when a page was answered, and its heading
    :ivar slowest: seconds that the slowest page took
    """

    def __init__(self, *sites):
        self.pages, self.trouble, self.slowest = [], [], 0.0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._read, args=(site,)) for site in sites for _ in range(4)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _read(self, site):
        while not self._stop.is_set():
            began_at = time.monotonic()
            try:
                answer = site.fetch("GET", "/login", headers={"Accept-Language": "en"})
                assert answer.status_code == 200, answer.status_code
                self.pages.append((time.monotonic(), answer.text.split("<h1>")[1].split("</h1>")[0]))
            except Exception as error:
                self.trouble.append(repr(error))
                return
            self.slowest = max(self.slowest, time.monotonic() - began_at)
            time.sleep(0.06)  # a page costs more than the site: each is asked for on a connection of its own

    def seconds_until_all_read(self, heading, began_at=None):
        """How long from then on until the last page with another heading."""
        began_at = began_at or time.monotonic()

        def is_everywhere():
            later = [shown for _, shown in self.pages[-50:]]
            return len(later) == 50 and set(later) == {heading}

        until(is_everywhere, seconds=3 * LIVE_WITHIN_SECONDS)
        return max((at for at, shown in self.pages if shown != heading), default=began_at) - began_at


@pytest.fixture(params=["sqlite_messages", "postgres"])
def messages_url(request):
    return request.getfixturevalue(f"{request.param}_url")


def test_three_workers_take_what_is_published_and_what_is_rolled_back_within_five_seconds(
    run_site, publisher_at, messages_url
):
    publisher = publisher_at(messages_url)
    publisher.publish("Before")
    site = run_site(workers=3, MESSAGES_URL=messages_url)
    until(
        lambda: ">Before</h1>" in site.fetch("GET", "/login").text
    )  # from the first guest on, if the machine is quick
    changes = (
        ("One", lambda: publisher.publish("One")),
        ("Two", lambda: publisher.publish("Two")),
        ("One", lambda: publisher.roll_back(2)),
        (BUILT_IN, lambda: publisher.roll_back(0)),
    )
    with Readers(site) as readers:
        until(lambda: len(site.log("published_words_taken")) == 3)  # a worker begins to look with its first guest
        for number, (heading, change) in enumerate(changes, start=2):
            change()
            changed_at = time.monotonic()
            until(lambda: len(site.log("published_words_taken")) == 3 * number)  # noqa: B023 - waited for in the loop
            assert readers.seconds_until_all_read(heading, changed_at) <= LIVE_WITHIN_SECONDS
    assert readers.trouble == []
    assert site.log("unexpected_error") == []
    assert {shown for _, shown in readers.pages} == {"Before", "One", "Two", BUILT_IN}


def test_two_instances_read_on_while_postgres_is_away_and_take_what_comes_after(run_site, publisher_at, own_postgres):
    publisher = publisher_at(own_postgres.url)
    publisher.publish("Before")
    sites = [run_site(workers=2, MESSAGES_URL=own_postgres.url) for _ in range(2)]
    with Readers(*sites) as readers:
        assert readers.seconds_until_all_read("Before") <= LIVE_WITHIN_SECONDS
        own_postgres.stop()
        for site in sites:
            until(lambda: len(site.log("published_words_away")) == 2)  # noqa: B023 - waited for within the loop
            assert site.fetch("GET", "/readyz").status_code == 200
        read_before = len(readers.pages)
        until(lambda: len(readers.pages) > read_before + 50)
        own_postgres.start()
        publisher.publish("After")
        readers.seconds_until_all_read("After")
        own_postgres.freeze()
        for site in sites:
            until(lambda: len(site.log("published_words_away")) >= 4, seconds=30)  # noqa: B023
        own_postgres.thaw()
        for site in sites:
            until(lambda: len(site.log("published_words_back")) >= 4, seconds=30)  # noqa: B023
    assert readers.trouble == []
    assert {shown for _, shown in readers.pages} == {"Before", "After"}
    assert readers.slowest < 2.9  # 3 for who waits until nobody connects
    for site in sites:
        assert "marker-database-password" not in "".join(site.output)


def test_workers_that_are_renewed_begin_with_what_is_published(run_site, publisher_at, sqlite_messages_url):
    publisher = publisher_at(sqlite_messages_url)
    publisher.publish("One")
    site = run_site(workers=2, MESSAGES_URL=sqlite_messages_url)
    before = set(site_workers(site))
    with Readers(site) as readers:
        site.process.send_signal(signal.SIGHUP)
        until(lambda: len(now := set(site_workers(site))) == 2 and not now & before)
    assert readers.trouble == []
    assert {shown for _, shown in readers.pages} == {"One"}


def test_a_site_starts_and_is_ready_with_a_database_that_is_nowhere(run_site, tmp_path):
    site = run_site(workers=2, MESSAGES_URL=f"sqlite:///{tmp_path}/nowhere/words.db")
    assert f"<h1>{BUILT_IN}</h1>" in site.fetch("GET", "/login").text
    assert site.fetch("GET", "/readyz").status_code == 200
    until(lambda: len(site.log("published_words_away")) == 2)  # the other worker may be starting still


def test_the_metrics_say_whether_it_can_be_read_and_each_process_shares_what_it_can(
    run_site, publisher_at, own_postgres
):
    publisher_at(own_postgres.url).publish("One")
    metrics = Metrics(free_ports(1)[0])
    site = run_site(workers=2, METRICS_ADDRESS=metrics.address, MESSAGES_URL=own_postgres.url)
    for _ in range(20):
        site.fetch("GET", "/login")
    assert metrics.value("published_words_up") == 1
    for pid in children(site):
        held = memory_of(pid)
        assert held["Private"] < 0.75 * held["Shared"], held  # each worker compiles its own templates
    own_postgres.stop()
    until(lambda: metrics.value("published_words_up") == 0)
    until(lambda: metrics.value("events_total", event="published_words_away") == 2)
    own_postgres.start()
    until(lambda: metrics.value("published_words_up") == 1)
