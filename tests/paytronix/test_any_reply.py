"""Whatever comes back, a call gives a well-typed value or one of the four errors, and nothing else."""

import json
import string
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.paytronix import (
    Account,
    Guest,
    Reason,
    RefreshRefused,
    Refused,
    Token,
    TokenRejected,
    Transport,
    Unavailable,
)
from tests.misbehaving import Misbehaving, reply
from tests.paytronix.conftest import GivenReply, make_client

NAMES = [
    "result errorCode errorMessage error error_description access_token refresh_token expires_in username",
    "printedCardNumber fields firstName primaryCardNumbers pointBalances rewardBalances storedValueBalances",
    "storedValueBalance primaryCard description balance name expirations amount expirationDate tierLabel",
]
WORDS = [
    "success failure invalid_status could_not_authenticate invalid_token oauth.invalid_token invalid_client",
    "user_info.not_found one_time_password.system_error 1E+3 12.50 -3 NaN 1e999 2026-12-01 2026-12-01T23:01:50-0400",
]
words = st.sampled_from(" ".join(WORDS).split()) | st.text(max_size=20)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | words
names = st.sampled_from(" ".join(NAMES).split()) | st.text(max_size=5)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=6), max_leaves=12
)
# Most objects at random are refused at their first field; these get further.
likely = st.fixed_dictionaries(
    {"result": st.just("success") | values, "access_token": words},
    optional={name: values for name in " ".join(NAMES).split() if name not in {"result", "access_token"}},
)
bodies = st.one_of(
    st.binary(max_size=200),
    values.map(lambda value: json.dumps(value).encode()),
    likely.map(lambda value: json.dumps(value).encode()),
    st.tuples(likely, st.integers(0, 200)).map(lambda cut: json.dumps(cut[0]).encode()[: cut[1]]),
)
statuses = st.sampled_from([200, 201, 204, 302, 400, 401, 403, 404, 429, 500, 503, 521]) | st.integers(200, 999)
latin_1 = st.text(st.characters(max_codepoint=255), max_size=40)
headers = st.dictionaries(st.sampled_from(["Retry-After", "WWW-Authenticate", "Content-Type"]), latin_1)

CALLS = {
    Token: lambda client: client.token_by_refresh_token("R"),
    Guest: lambda client: client.user_information("A", "ana"),
    Account: lambda client: client.account_information("A", "6000"),
}


def is_well_typed(value):
    match value:
        case Token():
            texts = value.refresh_token, value.username
            return (
                value.access_token.strip() != ""
                and value.ends_at.tzinfo is not None
                and value.lifetime_seconds > 0
                and all(text is None or (isinstance(text, str) and text) for text in texts)
            )
        case Guest():
            return all(
                text is None or (isinstance(text, str) and text) for text in (value.first_name, value.card_number)
            )
        case Account():
            balances = value.points + value.rewards + value.stored_value
            return all(
                isinstance(balance.name, str)
                and isinstance(balance.amount, Decimal)
                and balance.amount.is_finite()
                and all(
                    each.amount.is_finite() and isinstance(each.last_day, date | None) for each in balance.expirations
                )
                for balance in balances
            )
    return False


def check_error(error):
    assert isinstance(error.code, str)
    assert error.code
    assert error.vendor_text is None or isinstance(error.vendor_text, str)
    if isinstance(error, Unavailable):
        assert isinstance(error.reason, Reason)
        wait_seconds = error.retry_after_seconds
        assert wait_seconds is None or 1 <= wait_seconds <= 3600


@settings(max_examples=250, deadline=None)
@example(b'{"result":"success","access_token":"\\ud800"}', 200, {})
@example(b'{"result":"success","access_token":"A","expires_in":' + b"9" * 5000 + b"}", 200, {})
@example(b'{"result":"success","access_token":"A","expires_in":1e999}', 200, {})
@example(b"{}", 429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 +99999999999999999999"})
@given(bodies, statuses, headers)
def test_any_reply_is_a_value_or_one_of_the_four_errors(body, status, headers):
    told = []
    client = make_client(
        GivenReply(body, status, headers), observe=told.append, now=lambda: datetime(2026, 1, 1, tzinfo=UTC)
    )
    for kind, call in CALLS.items():
        try:
            value = call(client)
        except (Refused, TokenRejected, RefreshRefused, Unavailable) as error:
            check_error(error)
            assert not (kind is Token and isinstance(error, TokenRejected))
            assert not (kind is not Token and isinstance(error, RefreshRefused))
        else:
            assert isinstance(value, kind)
            assert is_well_typed(value)
    assert len(told) == len(CALLS)


# --- On the wire ---

line = st.text(string.printable, max_size=30).map(str.encode) | st.binary(max_size=30)
heads = st.builds(
    lambda first, lines, end: first + b"\r\n" + b"".join(each + b"\r\n" for each in lines) + end,
    st.sampled_from([b"HTTP/1.1 200 OK", b"HTTP/1.0 200", b"HTTP/1.1 100 Continue", b"HTTP/2 200", b"HTTP/1.1 304 x"])
    | line,
    st.lists(
        st.sampled_from(
            [
                b"Content-Length: 2",
                b"Content-Length: -1",
                b"Content-Length: 2, 3",
                b"Content-Length: x",
                b"Transfer-Encoding: chunked",
                b"Content-Encoding: gzip",
                b"Content-Encoding: br, deflate",
                b"Location: http://[",
                b"Set-Cookie: \xff=\xff; expires=never",
                b"Content-Type: text/html; charset=\xff",
                b" folded",
                b":",
            ]
        )
        | line,
        max_size=4,
    ),
    st.sampled_from([b"\r\n{}", b"\r\n", b"", b"\r\n2\r\n{}\r\n0\r\n\r\n", b"\r\n-2\r\n{}", b"\r\nffffffffffff\r\n{}"]),
)


@pytest.fixture(scope="module")
def babbling():
    """A transport to a server that answers a request with what was last put in a list, and closes."""
    saying = []

    def script(peer):
        peer.read_request()
        peer.send(saying[-1])

    with Misbehaving(script) as server:
        transport = Transport(server.origin, client_id="id", client_secret="secret", total_seconds=5)
        yield transport, saying


@settings(max_examples=200, deadline=None)
@example(b"")
@example(b"\r\n" * 100)
@example(reply(b"{}", Content_Encoding="deflate"))
@given(st.binary(max_size=100) | heads)
def test_any_bytes_are_a_whole_reply_or_unavailable(babbling, data):
    transport, saying = babbling
    saying.append(data)
    try:
        found = transport.get("guest/userInformation", {})
    except Unavailable as error:
        assert error.reason in {Reason.PROTOCOL, Reason.CLOSED}
        assert error.__context__ is None
    else:
        assert isinstance(found.body, bytes)
        assert 100 <= found.status <= 999
    finally:
        transport.close()  # so that no example meets the connection of another
