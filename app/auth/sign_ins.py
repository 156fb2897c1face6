"""A guest's sign-in as the store keeps it: two sealed records that end together.

The *session* says who the guest is and hardly ever changes. The *tokens* are replaced at each refresh, and only if
they are still the ones that the refresh began with. Neither is created again once it was deleted: what has been
signed out stays signed out. Why two: docs/decisions/0002-two-records-a-sign-in.md.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec
from msgspec.msgpack import Decoder

from app.auth.pseudonyms import Pseudonyms
from app.auth.usernames import normalized
from app.observability import log
from app.paytronix import Token
from app.store import Change, Put, Store, StoreUnavailable
from app.store.sealing import SessionKeys, new_session_id

SHORTEST_TTL_SECONDS = 0.001
RECORDS_A_SIGN_IN = 2

Kind = TypeVar("Kind")


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What Paytronix gave for this sign-in.

    :ivar ends_at: when the access token ends (UTC)
    :ivar refresh_at: when to renew it, a margin before its end
    """

    access_token: str
    refresh_token: str | None
    ends_at: datetime
    refresh_at: datetime

    def __repr__(self) -> str:
        return f"Tokens(ends_at={self.ends_at.isoformat()})"

    @classmethod
    def of(cls, token: Token, *, margin_seconds: float, former: "Tokens | None" = None) -> "Tokens":
        """The tokens to keep after a reply of Paytronix.

        :param margin_seconds: how long before its end to renew the access token; a tenth of its life at most, so
            that a short-lived one is not renewed on every page.
        :param former: the tokens that were renewed. Their refresh token stays unless the reply brought one
            (docs/paytronix.md, 2.4).
        """
        margin_seconds = min(margin_seconds, token.lifetime_seconds / 10)
        return cls(
            access_token=token.access_token,
            refresh_token=token.refresh_token or (former.refresh_token if former else None),
            ends_at=token.ends_at,
            refresh_at=token.ends_at - timedelta(seconds=margin_seconds),
        )


_SESSION = Decoder(dict[str, Any])
_TOKENS = Decoder(Tokens)


class SignInEnded(Exception):
    """There is no sign-in any more.

    :ivar notice: the name of the merchant's words for why; None when there never was one
    :ivar ended_here: it was this request that ended it, so the browser's cookie is worth nothing
    """

    def __init__(self, notice: str | None, *, ended_here: bool = False) -> None:
        self.notice = notice
        self.ended_here = ended_here
        super().__init__(notice or "not signed in")


@dataclass
class SignIn:
    """One sign-in as one request sees it.

    :ivar session_id: what the browser's cookie holds: the only key to both records
    :ivar session: who the guest is; plain values only
    :ivar tokens: as they were when they were last read
    :ivar began_at: when this request came to it (monotonic seconds)
    """

    session_id: str = field(repr=False)
    session: dict[str, Any] = field(repr=False)
    tokens: Tokens
    ends_at: datetime
    keys: SessionKeys = field(repr=False)
    sealed_session: bytes = field(repr=False)
    sealed_tokens: bytes = field(repr=False)
    began_at: float = field(default_factory=time.monotonic)

    @property
    def name(self) -> str:
        """What the store knows the sign-in by. Opens nothing."""
        return self.keys.name

    @property
    def username(self) -> str:
        """The guest's canonical username at Paytronix."""
        return str(self.session["username"])

    def use(self, tokens: Tokens, *, sealed: bytes | None = None) -> None:
        """Go on with renewed tokens. Nothing else of a sign-in changes while a request has it, but its session.

        :param sealed: their record in the store; without it they could not be saved.
        """
        self.tokens = tokens
        if sealed is not None:
            self.sealed_tokens = sealed

    def is_of(self, username: str) -> bool:
        """Whether it is the guest who types this username: Paytronix's own, or the one of this sign-in's form."""
        names = (self.username, self.session.get("typed_username"))
        return normalized(username) in {normalized(name) for name in names if name}


class SignIns:
    """All sign-ins there are.

    :param idle_seconds: a sign-in without a request for so long ends
    :param max_seconds: a sign-in this old ends in any case
    :param most_of_guest: sign-ins that one guest may have at once
    :param pseudonyms: names under which the store can find all sign-ins of a guest
    """

    def __init__(
        self,
        store: Store,
        pseudonyms: Pseudonyms,
        *,
        idle_seconds: int,
        max_seconds: int,
        most_of_guest: int,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._pseudonyms = pseudonyms
        self._idle_seconds = idle_seconds
        self._max_seconds = max_seconds
        self._most_of_guest = most_of_guest
        self._now = now

    def new(self, session: dict[str, Any], tokens: Tokens, *, session_id: str | None = None) -> SignIn:
        """A sign-in that is not kept yet, under a session id that nobody has had before (ASVS 5.0 V7.2.4).

        :param session: who the guest is; ``username`` at least.
        :param session_id: a fresh one, if it has been made already.
        """
        session_id = session_id or new_session_id()
        keys = SessionKeys(session_id)
        session = {"started_at": int(self._now().timestamp())} | session
        return SignIn(
            session_id=session_id,
            session=session,
            tokens=tokens,
            ends_at=self._ends_at(session),
            keys=keys,
            sealed_session=_sealed(keys, _session_key(keys.name), session),
            sealed_tokens=_sealed(keys, tokens_key(keys.name), tokens),
        )

    def keep(self, sign_in: SignIn, *also: Change) -> SignIn:
        """Write a new sign-in.

        Beyond the number that a guest may have, those end that have been without a request for longest (V7.1.2).

        :param also: what else is to be written; it comes after the sign-in itself.
        :raises StoreUnavailable: nothing is kept.
        """
        owner = self._pseudonyms.of(sign_in.username)
        records = {
            tokens_key(sign_in.name): sign_in.sealed_tokens,
            _session_key(sign_in.name): sign_in.sealed_session,
        }
        kept = self._store.write(Put(records, self._ttl_seconds(sign_in), owner), *also)
        if kept > RECORDS_A_SIGN_IN * self._most_of_guest:
            self._end_surplus(owner)
        return sign_in

    def _end_surplus(self, owner: str) -> None:
        with suppress(StoreUnavailable):  # the next sign-in ends them
            # All who come here at once see the same order, so they do not end each other's.
            names = list(dict.fromkeys(key.partition(":")[2] for key in self._store.owned(owner)))
            surplus = names[: -self._most_of_guest]
            if surplus:
                self._store.delete(*(f"{kind}:{name}" for name in surplus for kind in "st"), owner=owner)
                log.info("sign_ins_surplus_ended", guest=owner[:8], ended=len(surplus))

    def find(self, session_id: str) -> SignIn | None:
        """The live sign-in of a session id, or None: unknown, ended, or damaged in the store.

        :raises StoreUnavailable: which says nothing about whether the guest is signed in.
        """
        keys = SessionKeys(session_id)
        sealed_session, sealed_tokens = self._store.get(_session_key(keys.name), tokens_key(keys.name))
        session = _opened(keys, _session_key(keys.name), sealed_session, _SESSION)
        tokens = _opened(keys, tokens_key(keys.name), sealed_tokens, _TOKENS)
        if not session or not tokens or sealed_session is None or sealed_tokens is None:
            return None
        try:
            ends_at = self._ends_at(session)
        except (KeyError, TypeError, ValueError, OverflowError, OSError):  # it was written by another release
            log.warning("record_damaged", record="s:", session=keys.name[:8])
            return None
        if ends_at <= self._now():
            return None
        return SignIn(session_id, session, tokens, ends_at, keys, sealed_session, sealed_tokens)

    def keep_alive(self, sign_in: SignIn) -> None:
        """Move the idle end of a sign-in, never past its absolute end.

        :raises StoreUnavailable: the end stays where it was.
        """
        keys = _session_key(sign_in.name), tokens_key(sign_in.name)
        self._store.extend(*keys, ttl_seconds=self._ttl_seconds(sign_in))

    def save_session(self, sign_in: SignIn, session: dict[str, Any]) -> bool:
        """Replace what is known of the guest; False if it was changed or deleted meanwhile, and nothing is done.

        :raises StoreUnavailable: nothing is changed.
        """
        key = _session_key(sign_in.name)
        sealed = _sealed(sign_in.keys, key, session)
        if not self._store.replace(key, sign_in.sealed_session, sealed, self._ttl_seconds(sign_in)):
            return False
        sign_in.session, sign_in.sealed_session = session, sealed
        return True

    def save_tokens(self, sign_in: SignIn, tokens: Tokens) -> bool:
        """Replace the tokens by renewed ones; False if they were replaced or deleted meanwhile, and nothing is done.

        :raises StoreUnavailable: it is not known whether they were replaced.
        """
        key = tokens_key(sign_in.name)
        sealed = _sealed(sign_in.keys, key, tokens)
        if not self._store.replace(key, sign_in.sealed_tokens, sealed, self._ttl_seconds(sign_in)):
            return False
        sign_in.use(tokens, sealed=sealed)
        return True

    def read_tokens_again(self, sign_in: SignIn) -> None:
        """Take over the tokens as they are in the store now.

        :raises SignInEnded: the sign-in is over.
        :raises StoreUnavailable: the tokens stay as they were read before.
        """
        self.take_over(sign_in, *self._store.get(tokens_key(sign_in.name)))

    def take_over(self, sign_in: SignIn, sealed: bytes | None) -> None:
        """Go on with the tokens of a record that has just been read.

        :raises SignInEnded: the sign-in is over.
        """
        if sealed == sign_in.sealed_tokens:
            return
        tokens = _opened(sign_in.keys, tokens_key(sign_in.name), sealed, _TOKENS)
        if tokens is None or sealed is None:
            raise SignInEnded("session_ended")
        sign_in.use(tokens, sealed=sealed)

    def end(self, sign_in: SignIn) -> bool:
        """Sign this browser out. May be repeated; whether there was anything left to end.

        :raises StoreUnavailable: the guest may still be signed in.
        """
        keys = tokens_key(sign_in.name), _session_key(sign_in.name)
        was_live = None not in self._store.get(*keys)
        self._store.delete(*keys, owner=self._pseudonyms.of(str(sign_in.session.get("username", ""))))
        return was_live

    def end_guest(self, username: str) -> int:
        """Sign a guest out everywhere; how many sign-ins that were.

        :raises StoreUnavailable: some may still be signed in.
        """
        return sum(self._store.delete_owned(owner) for owner in self._pseudonyms.every(username)) // RECORDS_A_SIGN_IN

    def end_all(self) -> int:
        """Sign every guest out; how many sign-ins that were.

        :raises StoreUnavailable: some may still be signed in.
        """
        return self._store.delete_all() // RECORDS_A_SIGN_IN

    def count(self) -> int:
        """How many sign-ins are live, nearly.

        :raises StoreUnavailable: the store cannot say.
        """
        return self._store.count_owned(min(self._idle_seconds, self._max_seconds)) // RECORDS_A_SIGN_IN

    def _ends_at(self, session: dict[str, Any]) -> datetime:
        return datetime.fromtimestamp(session["started_at"], UTC) + timedelta(seconds=self._max_seconds)

    def _ttl_seconds(self, sign_in: SignIn) -> float:
        left = (sign_in.ends_at - self._now()).total_seconds()
        return max(min(self._idle_seconds, left), SHORTEST_TTL_SECONDS)


# The braces keep the records of one sign-in on one node of a cluster (Redis Cluster specification, hash tags).


def _session_key(name: str) -> str:
    return f"s:{{{name}}}"


def tokens_key(name: str) -> str:
    """The key of the record with the tokens of the sign-in of this name."""
    return f"t:{{{name}}}"


def _sealed(keys: SessionKeys, key: str, value: object) -> bytes:
    return keys.seal(key, msgspec.msgpack.encode(value))


def _opened(keys: SessionKeys, key: str, sealed: bytes | None, decoder: Decoder[Kind]) -> Kind | None:
    """The value of a record, or None for one that is absent, damaged or of another kind."""
    if sealed is None:
        return None
    plain = keys.open(key, sealed)
    try:
        if plain is not None:
            return decoder.decode(plain)
    except msgspec.MsgspecError:
        pass
    log.warning("record_damaged", record=key[:2], session=keys.name[:8])
    return None
