"""Many guests who are the first of a new process, all at once."""

import subprocess
import sys

import pytest

from tests.sites import ROOT

ACCOUNT = (
    b'{"result": "success", "tierLabel": "Gold", "pointBalances": [{"name": "Points", "balance": "12",'
    b' "expirations": [{"amount": "1", "expirationDate": "2027-01-01"}]}]}'
)
GUEST = b'{"result": "success", "fields": {"firstName": "Ana"}, "primaryCardNumbers": ["6000000000000001"]}'

# Threads take turns after every few steps, as they do by chance when a process is busy.
ALL_AT_ONCE = """
import sys, threading
from app.paytronix.{module} import {read} as read
sys.setswitchinterval(1e-6)
gate, meanings = threading.Barrier(24), []
def run():
    gate.wait()
    meanings.append(read({body!r}))
threads = [threading.Thread(target=run) for _ in range(24)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert len(meanings) == 24 and all(meaning == meanings[0] for meaning in meanings)
"""


@pytest.mark.parametrize(
    ("module", "read", "body"), [("account", "read_account", ACCOUNT), ("models", "read_guest", GUEST)]
)
def test_the_first_replies_of_a_process_may_come_all_at_once(module, read, body):
    code = ALL_AT_ONCE.format(module=module, read=read, body=body)
    ends = [subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode for _ in range(4)]
    assert ends == [0] * 4
