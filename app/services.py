"""The services that the site's views and commands work with, made once for an application."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from flask import current_app

from app.auth.login import Login
from app.auth.pseudonyms import Pseudonyms
from app.auth.rate_limit import RateLimit, RateLimiter
from app.auth.refresh import TokenKeeper
from app.auth.sign_ins import SignIns
from app.auth.submissions import Submissions
from app.messages import Messages
from app.observability.observers import CallLog, Observer, Observers, log_problem
from app.paytronix import Adapter, PaytronixClient, Transport
from app.store import Store, observed, open_store
from app.usage import UsageCounter
from config import Settings

if TYPE_CHECKING:
    from app.history.live import Published

RETRY_AFTER_SECONDS = 10  # in a 503, where nobody knows better


@dataclass(frozen=True)
class Services:
    """What the views work with."""

    settings: Settings
    store: Store
    paytronix: PaytronixClient
    pseudonyms: Pseudonyms
    sign_ins: SignIns
    login: Login
    tokens: TokenKeeper
    messages: Messages
    codes_seen: UsageCounter
    texts_seen: UsageCounter


def services() -> Services:
    """The services of the application that handles this request or command."""
    return cast(Services, current_app.extensions["services"])


def make_services(settings: Settings, observers: Sequence[Observer] = (), adapter: Adapter | None = None) -> Services:
    """The services for these settings. Opens no connection.

    :param observers: told of calls to Paytronix and of operations of the store.
    :param adapter: makes the calls to Paytronix in place of the network.
    """
    everyone = Observers((CallLog(), *observers))
    paytronix = make_paytronix(settings, everyone, adapter)
    store: Store = open_store(settings.store_url.reveal())
    if observers:
        store = observed(store, everyone.on_operation)
    pseudonyms, sign_ins = Pseudonyms(settings.signing_keys), make_sign_ins(settings, store)
    call_seconds = settings.paytronix_total_seconds
    margin_seconds = settings.paytronix_refresh_margin_seconds
    return Services(
        settings=settings,
        store=store,
        paytronix=paytronix,
        pseudonyms=pseudonyms,
        sign_ins=sign_ins,
        login=Login(
            store,
            sign_ins,
            paytronix,
            pseudonyms=pseudonyms,
            rate_limiter=make_rate_limiter(settings, store, pseudonyms),
            submissions=Submissions(store, call_seconds=call_seconds),
            margin_seconds=margin_seconds,
        ),
        tokens=TokenKeeper(store, sign_ins, paytronix, call_seconds=call_seconds, margin_seconds=margin_seconds),
        messages=make_messages(settings),
        codes_seen=UsageCounter(store),
        texts_seen=UsageCounter(store, of="texts"),
    )


def make_messages(settings: Settings) -> Messages:
    """The merchant's messages: the folder, with what is published in the console over it."""
    published = make_published(settings)
    return Messages(settings.merchant_dir, published=published.current if published else None, on_problem=log_problem)


def make_published(settings: Settings) -> "Published | None":
    """What is published in the console, if there is one."""
    if settings.messages_url is None:
        return None
    from app.history.live import Published  # noqa: PLC0415 - an extra that need not be installed

    return Published(settings.messages_url.reveal())


def make_paytronix(settings: Settings, observer: Observer, adapter: Adapter | None) -> PaytronixClient:
    """The client for Paytronix."""
    client_id, client_secret = settings.paytronix_client_id.reveal(), settings.paytronix_client_secret.reveal()
    transport = Transport(
        settings.paytronix_base_url,
        client_id=client_id,
        client_secret=client_secret,
        connect_seconds=settings.paytronix_connect_seconds,
        total_seconds=settings.paytronix_total_seconds,
        adapter=adapter,
    )
    return PaytronixClient(
        transport,
        merchant_id=settings.paytronix_merchant_id,
        client_id=client_id,
        client_secret=client_secret,
        scope=settings.paytronix_scope,
        credentials_in_body=settings.paytronix_credentials_in_body,
        invalid_token_codes=settings.paytronix_invalid_token_codes,
        max_calls=settings.paytronix_max_calls,
        observe_slot=observer.on_slot,
        observe=observer.on_call,
    )


def make_sign_ins(settings: Settings, store: Store) -> SignIns:
    """The sign-ins in a store."""
    return SignIns(
        store,
        Pseudonyms(settings.signing_keys),
        idle_seconds=settings.session_idle_seconds,
        max_seconds=settings.session_max_seconds,
        most_of_guest=settings.sessions_per_guest,
    )


def make_rate_limiter(settings: Settings, store: Store, pseudonyms: Pseudonyms) -> RateLimiter:
    """The limits on refused sign-ins."""
    guest, address = settings.login_failures_per_guest, settings.login_failures_per_address
    return RateLimiter(
        store,
        pseudonyms,
        per_guest=RateLimit(guest.count, guest.window_seconds),
        per_address=RateLimit(address.count, address.window_seconds),
    )
