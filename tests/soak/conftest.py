"""The rig of tests/faults, for longer, with everything counted and traced."""

import pytest

from tests.collectors import collector
from tests.faults.conftest import rig
from tests.faults.test_any_order import machine

__all__ = ["collector", "machine", "rig"]


@pytest.fixture(autouse=True)
def watched(rig, collector):
    """Metrics and traces are on, and hold no secret either: the rig looks at them when the test is over."""
    rig.watch(collector)
