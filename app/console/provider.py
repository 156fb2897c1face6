"""The merchant's identity provider: OpenID Connect through Authlib, by authorization code with PKCE (RFC 7636).

A provider that is unavailable or slow costs a few seconds and a few threads, never more. What it says counts only if
all of it holds: issuer, audience, signature, nonce, time.
"""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from authlib.integrations.flask_client import FlaskOAuth2App, OAuth, OAuthError
from authlib.integrations.requests_client import OAuth2Session
from flask import Flask, g, redirect, request, session
from werkzeug.wrappers import Response

from app.console.attempts import SignInRefused
from app.deadline import Deadline
from app.settings.values import small_letters
from config import ConsoleSettings

TOTAL_SECONDS = 8  # for all that is asked of the provider while somebody waits for one page
READ_SECONDS = 4
CALLS = 4  # under way at once; whoever comes then is told to try again
LOGIN_SECONDS = 600  # which somebody may take at the provider
_MOST_LOGINS = 3  # tabs in which somebody is at the provider; a cookie holds no more
_LONGEST_TO = 200
_LONGEST_NAME = 200
_FRESH_SECONDS = 3600  # what the provider says of itself
_PUBLIC_KEY = ("RS", "PS", "ES", "Ed")  # how the names of signatures begin that need the provider's private key
_NAME = "provider"
_STATE = f"_state_{_NAME}_"  # before a login's state, where Authlib keeps the login in the browser's session


class ProviderUnavailable(Exception):
    """The provider does not answer in time, or not with what it should. The text names no address.

    :ivar reason: a word for the log
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the identity provider is unavailable ({reason})")


class ProviderRefused(SignInRefused):
    """The provider signed nobody in, or what it said of somebody does not hold.

    :param reason: the provider's own word (``access_denied``), or that for what does not hold
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason, trouble="cancelled" if reason == "access_denied" else "not_proved", status=403)


class UnknownLogin(Exception):
    """An answer of the provider to nothing that this browser has asked for, or not lately. Anybody can make one."""


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


class Provider:
    """Sends people to the identity provider, and hears who they are when they come back.

    :param settings: of a console that has an issuer.
    """

    def __init__(self, app: Flask, settings: ConsoleSettings) -> None:
        client_id, client_secret = settings.console_oidc_client_id, settings.console_oidc_client_secret
        if settings.console_oidc_issuer is None or client_id is None:
            raise ValueError("this console has no identity provider")
        self._app = app
        self._issuer = settings.console_oidc_issuer
        self._client_id = client_id.reveal()
        self._client_secret = client_secret.reveal() if client_secret else None
        self._callback_url = f"{settings.console_url}/sign-in/back"
        self._slots = threading.BoundedSemaphore(CALLS)
        self._client, self._loaded_at = self._register(), float("-inf")

    def start_login(self, *, to: str | None) -> Response:
        """Send somebody to the provider.

        :param to: the page that was asked for.
        :raises ProviderUnavailable: it does not say where.
        """
        with self._exchange():
            client = self._loaded()
            begun = client.create_authorization_url(self._callback_url)
        former = [key for key in session if key.startswith(_STATE)]
        for key in former[: len(former) + 1 - _MOST_LOGINS]:
            del session[key]
        to = to if to and len(to) <= _LONGEST_TO else None
        client.save_authorize_data(redirect_uri=self._callback_url, to=to, ends_at=time.time() + LOGIN_SECONDS, **begun)
        return redirect(begun["url"], 303)

    def callback(self) -> tuple[Identity, str | None]:
        """Who has come back with this request, and the page that was asked for.

        :raises UnknownLogin: this browser has not gone there.
        :raises ProviderRefused: nobody who may be let in.
        :raises ProviderUnavailable: it does not say who.
        """
        answer, state = request.args, request.args.get("state", "")
        begun = self._client.framework.get_state_data(session, state)
        if begun is None or begun["ends_at"] <= time.time():  # first, so that nobody else's answer ends a login
            raise UnknownLogin
        try:
            if error := answer.get("error"):
                raise ProviderRefused(_word(error))
            with self._exchange():
                client = self._loaded()
                issuer = client.server_metadata["issuer"]
                if answer.get("iss", issuer) != issuer:  # RFC 9207
                    raise ProviderRefused("other_issuer")
                return self._identity(client, issuer), begun["to"]
        finally:
            self._client.framework.clear_state_data(session, state)

    def _identity(self, client: FlaskOAuth2App, issuer: str) -> Identity:
        must_be = {
            "iss": {"essential": True, "value": issuer},
            "aud": {"essential": True, "value": self._client_id},
        }
        token = client.authorize_access_token(claims_options=must_be, leeway=60)
        if "id_token" not in token:
            raise ProviderRefused("no_id_token")
        claims = token["userinfo"]  # what the ID token holds
        more: Mapping[str, Any] = {}
        if not claims.get("email") and client.server_metadata.get("userinfo_endpoint"):
            more = client.userinfo(token=token)
            if more.get("sub") != claims["sub"]:
                raise ProviderRefused("other_subject")
        return identity_of(claims, more)

    def _register(self) -> FlaskOAuth2App:
        return OAuth(self._app).register(
            _NAME,
            client_cls=_Client,
            client_id=self._client_id,
            client_secret=self._client_secret,
            server_metadata_url=f"{self._issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid email profile",
                "code_challenge_method": "S256",
                "max_redirects": 0,  # a secret goes where it was meant to go
            },
        )

    def _loaded(self) -> FlaskOAuth2App:
        """A client that knows where the provider's pages are."""
        client = self._client
        if time.monotonic() - self._loaded_at > _FRESH_SECONDS:
            client = self._register()
            self._check(client.load_server_metadata())
            self._client, self._loaded_at = client, time.monotonic()
        return client

    def _check(self, metadata: dict[str, Any]) -> None:
        if str(metadata.get("issuer", "")).rstrip("/") != self._issuer:
            raise ProviderUnavailable("other_issuer")
        scheme = self._issuer.partition(":")[0]
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"):
            address = metadata.get(name)
            if address is None and name == "userinfo_endpoint":
                continue
            if not str(address).startswith((f"{scheme}://", "https://")):
                raise ProviderUnavailable(f"no_{name}")
        signed = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        metadata["id_token_signing_alg_values_supported"] = [each for each in signed if each.startswith(_PUBLIC_KEY)]
        methods = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if self._client_secret and "client_secret_basic" not in methods and "client_secret_post" in methods:
            metadata["token_endpoint_auth_method"] = "client_secret_post"  # noqa: S105 - the name of a method

    @contextmanager
    def _exchange(self) -> Iterator[None]:
        """Within it the provider has so much time in all, and so many at once may ask it."""
        if not self._slots.acquire(blocking=False):
            raise ProviderUnavailable("busy")
        g.provider_deadline = Deadline.after(TOTAL_SECONDS)
        try:
            yield
        except (ProviderUnavailable, ProviderRefused):
            raise
        except OAuthError as error:
            raise ProviderRefused(_word(error.error)) from None
        except OSError as error:  # all of requests' errors are such; their texts hold addresses
            raise ProviderUnavailable(type(error).__name__) from None
        except Exception as error:  # whatever does not hold of what came from elsewhere
            raise ProviderRefused(type(error).__name__) from error
        finally:
            self._slots.release()


class _Session(OAuth2Session):  # type: ignore[misc]
    """Waits no longer for an answer than there is time.

    It obeys the environment, as requests does: an operator names a proxy or a company's own certificates so
    (``HTTPS_PROXY``, ``REQUESTS_CA_BUNDLE``). Calls to Paytronix do not; guests' passwords travel in them.
    """

    def request(self, method: str, url: str, *arguments: Any, **named: Any) -> Any:
        if g.provider_deadline.is_over:
            raise TimeoutError("the provider's time is over")
        named["timeout"] = min(g.provider_deadline.left_seconds, READ_SECONDS)
        return super().request(method, url, *arguments, **named)


class _Client(FlaskOAuth2App):  # type: ignore[misc]
    client_cls = _Session


def identity_of(claims: Mapping[str, Any], more: Mapping[str, Any]) -> Identity:
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
