"""The merchant's identity provider: OpenID Connect through Authlib, by authorization code with PKCE (RFC 7636).

A provider that is away or slow costs a few seconds and a few threads, never more. What it says counts only if all of
it holds: issuer, audience, signature, nonce, time.
"""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from authlib.integrations.base_client import BaseApp, OAuth2Mixin, OAuthError, OpenIDMixin
from authlib.integrations.requests_client import OAuth2Session

from config import ConsoleSettings, small_letters

TOTAL_SECONDS = 8  # for all that is asked of the provider while somebody waits for one page
READ_SECONDS = 4
CALLS = 4  # under way at once; whoever comes then is told to try again
_LONGEST_NAME = 200
_FRESH_SECONDS = 3600  # what the provider says of itself
_PUBLIC_KEY = ("RS", "PS", "ES", "Ed")  # how the names of signatures begin that need the provider's private key


class ProviderAway(Exception):
    """The provider does not answer in time, or not with what it should. The text names no address.

    :ivar reason: a word for the log
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the identity provider is away ({reason})")


class ProviderRefused(Exception):
    """The provider signed nobody in, or what it said of somebody does not hold.

    :ivar reason: the provider's own word (``access_denied``), or that for what does not hold
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the identity provider did not sign anybody in ({reason})")


@dataclass(frozen=True)
class Identity:
    """Who somebody is, as the provider says.

    :ivar subject: the provider's own name of them, which never changes
    :ivar email: its letters from A to Z as small ones; empty if there is none
    :ivar is_verified: the provider has seen that the address is theirs
    :ivar username: what they call themselves there; anybody may call themselves anything
    """

    subject: str
    email: str
    is_verified: bool
    username: str
    groups: Sequence[str]

    @property
    def name(self) -> str:
        """As the audit has it. Only a verified address stands alone."""
        if self.email and self.is_verified:
            return self.email[:_LONGEST_NAME]
        claimed = self.username or self.email
        is_whole = not claimed and "@" not in self.subject  # which could look like an address, and is none
        return (self.subject if is_whole else f"{claimed[:80]} ({self.subject})".strip())[:_LONGEST_NAME]


@dataclass(frozen=True)
class Way:
    """What the browser keeps while its user is at the provider.

    :ivar state: comes back with them
    :ivar nonce: comes back inside what the provider signs
    :ivar verifier: shows that whoever comes back is who went (PKCE)
    """

    state: str
    nonce: str
    verifier: str


class Provider:
    """Sends people to the identity provider, and hears who they are when they come back.

    :param settings: of a console that has an issuer.
    :param come_back_to: the address to which the provider sends people.
    """

    def __init__(self, settings: ConsoleSettings, *, come_back_to: str) -> None:
        client_id, client_secret = settings.console_oidc_client_id, settings.console_oidc_client_secret
        if settings.console_oidc_issuer is None or client_id is None:
            raise ValueError("this console has no identity provider")
        self.issuer = settings.console_oidc_issuer
        self._client_id = client_id.reveal()
        self._client_secret = client_secret.reveal() if client_secret else None
        self._come_back_to = come_back_to
        self._slots = threading.BoundedSemaphore(CALLS)
        self._client: _Client | None = None
        self._made_at = 0.0

    def begin(self) -> tuple[str, Way]:
        """Where to send somebody, and what their browser is to keep.

        :raises ProviderAway: it does not say where.
        """
        with self._asking():
            begun = self._known().create_authorization_url(self._come_back_to)
        return begun["url"], Way(begun["state"], begun["nonce"], begun["code_verifier"])

    def finish(self, way: Way, answer: Mapping[str, str]) -> Identity:
        """Who has come back.

        :param way: what their browser kept; the caller has looked that its state is that of the answer.
        :param answer: the query with which they were sent.
        :raises ProviderRefused: nobody who may be let in.
        :raises ProviderAway: it does not say who.
        """
        if answer.get("error"):
            raise ProviderRefused(_word(answer["error"]))
        with self._asking():
            client = self._known()
            if answer.get("iss", client.server_metadata["issuer"]) != client.server_metadata["issuer"]:  # RFC 9207
                raise ProviderRefused("other_issuer")
            token = client.fetch_access_token(self._come_back_to, code=answer.get("code"), code_verifier=way.verifier)
            must_be = {
                "iss": {"essential": True, "value": client.server_metadata["issuer"]},
                "aud": {"essential": True, "value": self._client_id},
            }
            claims = client.parse_id_token(token, way.nonce, must_be, leeway=60)
            if not claims:
                raise ProviderRefused("no_id_token")
            more: Mapping[str, Any] = {}
            if not claims.get("email") and client.server_metadata.get("userinfo_endpoint"):
                more = client.userinfo(token=token)
                if more.get("sub") != claims["sub"]:
                    raise ProviderRefused("other_subject")
            return _identity(claims, more)

    def _known(self) -> "_Client":
        """A client that knows where the provider's pages are."""
        client = self._client
        if client is None or time.monotonic() - self._made_at > _FRESH_SECONDS:
            client = _Client(
                None,
                client_id=self._client_id,
                client_secret=self._client_secret,
                server_metadata_url=f"{self.issuer}/.well-known/openid-configuration",
                client_kwargs={
                    "scope": "openid email profile",
                    "code_challenge_method": "S256",
                    "max_redirects": 0,  # a secret goes where it was meant to go
                },
            )
            self._check(client.load_server_metadata())
            self._client, self._made_at = client, time.monotonic()
        return client

    def _check(self, metadata: dict[str, Any]) -> None:
        if str(metadata.get("issuer", "")).rstrip("/") != self.issuer:
            raise ProviderAway("other_issuer")
        scheme = self.issuer.partition(":")[0]
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"):
            address = metadata.get(name)
            if address is None and name == "userinfo_endpoint":
                continue
            if not str(address).startswith((f"{scheme}://", "https://")):
                raise ProviderAway(f"no_{name}")
        signed = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        metadata["id_token_signing_alg_values_supported"] = [each for each in signed if each.startswith(_PUBLIC_KEY)]
        ways_in = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if self._client_secret and "client_secret_basic" not in ways_in and "client_secret_post" in ways_in:
            metadata["token_endpoint_auth_method"] = "client_secret_post"  # noqa: S105 - the name of a way

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Within it the provider has so much time in all, and so many at once may ask it."""
        if not self._slots.acquire(blocking=False):
            raise ProviderAway("busy")
        token = _done_by.set(time.monotonic() + TOTAL_SECONDS)
        try:
            yield
        except (ProviderAway, ProviderRefused):
            raise
        except OAuthError as error:
            raise ProviderRefused(_word(error.error)) from None
        except OSError as error:  # all of requests' errors are such; their texts hold addresses
            raise ProviderAway(type(error).__name__) from None
        except Exception as error:  # whatever does not hold of what came from elsewhere
            raise ProviderRefused(type(error).__name__) from error
        finally:
            _done_by.reset(token)
            self._slots.release()


_done_by = ContextVar("done_by", default=float("inf"))


class _Session(OAuth2Session):  # type: ignore[misc]
    """Waits no longer for an answer than there is time."""

    def request(self, method: str, url: str, *arguments: Any, **named: Any) -> Any:
        left = _done_by.get() - time.monotonic()
        if left <= 0:
            raise TimeoutError("the provider's time is over")
        named["timeout"] = min(left, READ_SECONDS)
        return super().request(method, url, *arguments, **named)


class _Client(OAuth2Mixin, OpenIDMixin, BaseApp):  # type: ignore[misc]
    """Authlib's client, without its own ideas of where a state is kept."""

    client_cls = _Session


def _identity(claims: Mapping[str, Any], more: Mapping[str, Any]) -> Identity:
    """Who somebody is.

    :param claims: of the ID token.
    :param more: of userinfo; empty if it was not asked.
    :raises ProviderRefused: subject or address would not be read as what they are.
    """
    subject = str(claims.get("sub") or "")
    if not subject.strip() or not subject.isprintable():
        raise ProviderRefused("no_subject")
    speaks = claims if claims.get("email") else more  # of the address and of whether it was seen, never one of each
    email = str(speaks.get("email") or "")
    if not email.isprintable():  # controls and marks of direction, behind which it would read as somebody else's
        raise ProviderRefused("unreadable_address")
    is_verified = speaks.get("email_verified")
    of_both = {**more, **claims}
    username, groups = of_both.get("preferred_username") or of_both.get("name") or "", of_both.get("groups") or ()
    return Identity(
        subject=subject,
        email=small_letters(email),
        is_verified=is_verified is True or is_verified == "true",  # a text, for some
        username="".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in str(username)),
        groups=[str(each) for each in groups] if isinstance(groups, list) else [str(groups)] if groups else [],
    )


def _word(text: object) -> str:
    """An error's code as it may be logged and shown."""
    return "".join(letter for letter in str(text)[:60] if letter.isascii() and (letter.isalnum() or letter in "_-."))
