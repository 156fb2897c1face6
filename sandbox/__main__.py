"""The command line: `python -m sandbox`."""

import argparse
import ipaddress
import signal
import sys
import threading
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from sandbox.guests import DEMO_GUESTS, GuestsError
from sandbox.server import Server
from sandbox.state import State
from sandbox.switches import Kind, SwitchError, Switches

_RELEASE = "25.33"  # calls are answered at every prefix and release; this one is only to start with


class _CannotStart(Exception):
    """The sandbox cannot start. The text says why and what to do."""


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit code."""
    options = vars(_parser().parse_args(arguments))
    endings = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, endings)  # in every thread, so that sigwait below gets them
    try:
        server = _server(options)
    except (_CannotStart, GuestsError, SwitchError) as fault:
        print(fault, file=sys.stderr)
        return 1
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(_welcome(server), flush=True)
    signal.sigwait(endings)
    return 0


def _server(options: dict[str, Any]) -> Server:
    host, port = _loopback(options["host"]), options["port"]
    switches = Switches().with_changes({f.name: options[f.name] for f in fields(Switches)})
    state = State(switches, options["guests"], record_passwords=options["record_passwords"])
    try:
        return Server(host, port, state)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or "a port is a number from 0 to 65535"
        raise _CannotStart(
            f"The sandbox cannot listen on {host} port {port}: {reason}. "
            "Stop what listens there or choose another --port."
        ) from error


def _loopback(host: str) -> str:
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise _CannotStart(
            f"The sandbox listens on loopback only, and {host} is not: its passwords are known to all. "
            "Use --host 127.0.0.1."
        )
    return str(address)


def _welcome(server: Server) -> str:
    host, port = str(server.server_address[0]), server.server_address[1]
    switches, guests = server.state.switches, server.state.guests.all()
    return "\n".join(
        [
            f"Simulated Paytronix: http://{f'[{host}]' if ':' in host else host}:{port}/rest/{_RELEASE}",
            f"Merchant {switches.merchant_id}, client {switches.client_id}, secret {switches.client_secret}",
            "",
            "Demo guests (username, password):",
            *(f"  {guest.username:<18} {guest.password:<19} {guest.about}" for guest in guests),
            "",
            "To rehearse a sentence, sign in as code:could_not_authenticate (see sandbox/README.md).",
        ]
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="A simulated Paytronix on loopback, for development, tests and rehearsing wording.",
        epilog="Each switch can also be changed while the sandbox runs: PATCH /_sandbox/switches.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=9000, help="port to listen on, 0 for any free one (%(default)s)")
    parser.add_argument(
        "--guests",
        type=Path,
        default=DEMO_GUESTS,
        metavar="FILE",
        help="file of guests (sandbox/guests.toml)",
    )
    parser.add_argument("--record-passwords", action="store_true", help="list received passwords in /_sandbox/calls")
    group = parser.add_argument_group("switches")
    for switch in fields(Switches):
        _add_switch(group, switch)
    return parser


def _add_switch(group: argparse._ArgumentGroup, switch: Field[Any]) -> None:
    kind: Kind = switch.metadata["kind"]
    default = switch.default if type(switch.default) is not bool else ("no", "yes")[switch.default]

    def read(text: str) -> Any:
        try:
            return kind.read(text)
        except (KeyError, ValueError) as fault:
            raise argparse.ArgumentTypeError(f"takes {kind.rule}") from fault

    group.add_argument(
        f"--{switch.name.replace('_', '-')}",
        type=read,
        default=switch.default,
        metavar="VALUE",
        help=f"{switch.metadata['about']}: {kind.rule} ({default})",
    )


if __name__ == "__main__":
    sys.exit(main())
