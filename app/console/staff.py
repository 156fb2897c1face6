"""The merchant's staff: who they are, what they may do, and who of them asks. Touches ``flask.session``."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from flask import current_app, session

from app.auth.session_interface import StoreOrCookieSession
from app.console.provider import Identity
from app.console.session_interface import NAME, ROLE, StaffSessionInterface


class Role(StrEnum):
    """What somebody may do."""

    EDITOR = "editor"  # change the draft
    PUBLISHER = "publisher"  # and publish, roll back, restrict


@dataclass(frozen=True)
class Staff:
    """Somebody who is signed in.

    :ivar name: as the audit has it: an e-mail address, or what the operator wrote on a link
    """

    name: str
    role: Role

    @property
    def is_publisher(self) -> bool:
        """Whether they may publish."""
        return self.role == Role.PUBLISHER


def sessions() -> StaffSessionInterface:
    """The sessions of the application that handles this request."""
    return cast(StaffSessionInterface, current_app.session_interface)


def _session() -> StoreOrCookieSession:
    return cast(StoreOrCookieSession, session)


def present() -> Staff | None:
    """Who is signed in on this browser. None, too, while the store cannot say."""
    held = _session()
    return Staff(held[NAME], Role(held[ROLE])) if held.is_stored else None


def raise_store_failure() -> None:
    """Go on only if it is known who asks.

    :raises StoreUnavailable: it is not.
    """
    if (failure := _session().failure) is not None:
        raise failure


def somebody() -> Staff:
    """Who is signed in; for pages that a guard has let them into."""
    who = present()
    if who is None:
        raise RuntimeError("this page wears no guard")
    return who


def begin(new: StoreOrCookieSession) -> None:
    """Give the browser a new session, and nothing of before (ASVS 5.0 V7.2.4). The one it had ends.

    :raises StoreUnavailable: that could not be ended.
    """
    held = _session()
    if held.is_stored:
        sessions().end(held)
    held.clear()
    held.update(new)
    held.sid, held.is_stored = new.sid, True
    held.modified = False  # it is in the store


def end() -> None:
    """Sign out who is signed in on this browser.

    :raises StoreUnavailable: they may still be signed in.
    """
    held = _session()
    sessions().end(held)
    held.clear()
    held.is_stored, held.forgets_id = False, True


def role_of(who: Identity, *, editors: Collection[str], publishers: Collection[str]) -> Role | None:
    """What somebody may do whom the identity provider has named; None for nothing.

    :param editors: addresses, ``@domain`` and ``group:NAME``, as in ``CONSOLE_EDITORS``.
    """
    named = {f"group:{group}" for group in who.groups}
    local_part, _, domain = who.email.partition("@")
    if who.is_verified and local_part and domain and " " not in who.email and "@" not in domain:
        named.add(who.email)
        if who.email.isascii():  # other letters may look like a colleague's: such an address has to be listed whole
            named.add(f"@{domain}")
    if named & set(publishers):
        return Role.PUBLISHER
    return Role.EDITOR if named & set(editors) else None
