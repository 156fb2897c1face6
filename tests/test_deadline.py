"""A moment by which something must be done, on a clock that is handed in."""

from app.deadline import Deadline


def test_a_deadline_counts_down_to_nothing_and_is_then_over():
    now = [1000.0]
    deadline = Deadline.after(2.5, lambda: now[0])
    seen = []
    for moment in (1000.0, 1002.0, 1002.5, 1009.0):
        now[0] = moment
        seen.append((deadline.left_seconds, deadline.is_over))
    assert seen == [(2.5, False), (0.5, False), (0.0, True), (0.0, True)]


def test_without_a_clock_it_goes_by_one_that_nobody_can_set():
    assert 50 < Deadline.after(60).left_seconds <= 60
    assert Deadline.after(0).is_over
