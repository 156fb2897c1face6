"""The store's own tests meet every engine, groups of Redis servers included."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.store import StoreUnavailable
from tests.stores import IN_TIME_SECONDS

LONG = 60
SHORT = 1  # longer than a busy machine takes for the next operations
PAST_SHORT = 1.2

# Sentinel groups and Clusters run the same scripts on the same servers: waiting for them twice more would show nothing.
ends_by_time = pytest.mark.parametrize("store_url", ["sqlite", "redis"], indirect=True)


@pytest.fixture(params=["sqlite", "redis", "sentinel", "cluster"])
def store_url(request):
    """The URL of an empty store of each engine in turn."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def fails_in_time():
    """Checks that an operation says in time that the store is unavailable; gives the error."""

    def check(operation, *arguments, within_seconds=IN_TIME_SECONDS):
        began = time.monotonic()
        with pytest.raises(StoreUnavailable) as caught:
            operation(*arguments)
        took = time.monotonic() - began
        assert took < within_seconds, f"took {took:.2f} s: {caught.value}"
        return caught.value

    return check


@pytest.fixture
def reasons_given_in_time():
    """Does operations side by side, each of which must end in time; gives why the store was unavailable to each."""

    def check(store, operations):
        def reason(operation):
            began = time.monotonic()
            try:
                operation(store)
            except StoreUnavailable as failure:
                return failure.reason
            else:
                return None
            finally:
                took = time.monotonic() - began
                assert took < IN_TIME_SECONDS, f"took {took:.2f} s"

        with ThreadPoolExecutor(len(operations)) as pool:
            return list(pool.map(reason, operations))

    return check
