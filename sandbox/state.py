"""All that the simulated Paytronix knows between two calls."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.calls import Calls
from sandbox.guests import Guests
from sandbox.switches import Switches
from sandbox.tokens import Tokens


class State:
    """Switches, guests, tokens and the list of calls, shared by all threads.

    :raises GuestsError: when the file of guests cannot be used.
    """

    def __init__(self, switches: Switches, guests_file: Path, *, record_passwords: bool) -> None:
        self._switches_at_start = switches
        self._guests_file = guests_file
        self._lock = threading.Lock()
        self.calls = Calls(record_passwords=record_passwords)
        self.reset()

    def reset(self) -> None:
        """Forget everything since the start."""
        self.switches = self._switches_at_start
        self.guests = Guests.from_file(self._guests_file)
        self.tokens = Tokens()
        self.calls.clear()

    def change_switches(self, changes: Mapping[str, Any]) -> Switches:
        """Move some switches and return them all.

        :raises SwitchError: when a name or value is wrong; then none has moved.
        """
        with self._lock:
            self.switches = self.switches.with_changes(changes)
            return self.switches
