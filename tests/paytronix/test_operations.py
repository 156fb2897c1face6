"""No call of Paytronix is forgotten by those who must know each: the metrics, and the simulated Paytronix."""

import re
from pathlib import Path

from app.paytronix.client import OPERATIONS
from sandbox.api import _OPERATIONS

APP = Path(__file__).parents[2] / "app"
A_CALL = re.compile(r'"([a-z]+/[a-z]+[A-Z]\w*)"')  # as in guest/userInformation


def test_every_call_that_is_made_is_counted_by_its_name():
    made = {name for path in APP.rglob("*.py") for name in A_CALL.findall(path.read_text())}
    assert made == set(OPERATIONS)


def test_every_call_that_is_made_is_answered_by_the_simulated_paytronix():
    simulated = {"/".join(each) for each in _OPERATIONS}
    assert simulated >= set(OPERATIONS)
