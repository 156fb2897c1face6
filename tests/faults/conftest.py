"""Each test here gets the rig, and the rig checks what must hold after each of them."""

import pytest

from tests.faults.rig import Rig


@pytest.fixture(autouse=True)
def rig(sandbox, tmp_path):
    """Everything that runs; what must hold for every promise is checked when the test is over."""
    rig = Rig(sandbox, tmp_path)
    yield rig
    rig.close()
