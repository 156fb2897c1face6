"""Each test here gets the rig, and the rig checks what must hold after each of them."""

import pytest

from tests.faults.rig import Rig

LAST_LINES = 200


@pytest.fixture(autouse=True)
def rig(sandbox, tmp_path):
    """Everything that runs; what must hold for every promise is checked when the test is over."""
    rig = Rig(sandbox, tmp_path)
    yield rig
    rig.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows what the instances had to say."""
    report = yield
    if report.failed and "rig" in item.funcargs:
        for site in item.funcargs["rig"].sites:
            said = "".join(site.output[-LAST_LINES:])
            report.sections.append((f"the last that the instance at port {site.port} logged", said))
    return report
