"""The rig of tests/faults, for longer."""

from tests.faults.conftest import rig
from tests.faults.test_any_order import machine

__all__ = ["machine", "rig"]
