"""What proves signing in runs on SQLite; what depends on the engine is in tests/auth/test_on_redis.py as well."""

import pytest


@pytest.fixture
def store_url(sqlite_url):
    return sqlite_url


class Clock:
    """Seconds since 1970, moved by the test."""

    def __init__(self):
        self.seconds = float(1_780_000_000 // 900 * 900)  # when a window of 15 minutes begins

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()
