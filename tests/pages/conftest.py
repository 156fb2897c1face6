"""The pages meet a Paytronix in their own process: what a socket does to a call is proven in ``tests/paytronix``."""

import pytest


@pytest.fixture
def sandbox(local_sandbox):
    """A sandbox as if just started, as fast as a function call. What would never answer does not within no time."""
    return local_sandbox
