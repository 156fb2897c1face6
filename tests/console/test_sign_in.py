"""Who comes in to the console by a link, how long they stay, and how they leave."""

import json
import logging
import re
import time

import pytest

from app.console import attempts
from app.history import Links
from app.store import Reason, StoreUnavailable
from tests.console.conftest import CONSOLE_URL, sign_in
from tests.console.pages import form_of, text_of
from tests.console.words import Page
from tests.sites import log_of


def parts(app):
    return app.extensions["console"]


def a_link(app, name="Ana", role="publisher", **about):
    return f"{CONSOLE_URL}/sign-in#{Links(parts(app).links._database).make(name, role, **about)}"


def audited(app):
    return [(deed.done_by, deed.what) for deed in parts(app).audit.read()]


def cookie_of(client, name="console"):
    return client.get_cookie(name, domain="127.0.0.1")


def test_somebody_signs_in_by_a_link_and_sees_the_words(console_client, console_app):
    answer = console_client(role="editor", name="Ben").get("/")
    assert answer.status_code == 200
    assert "Ben, editor" in answer.text
    assert audited(console_app)[0] == ("Ben", "signed_in")
    (signed_in,) = log_of(console_app, "staff_signed_in")
    assert (signed_in["staff"], signed_in["role"], signed_in["by"]) == ("Ben", "editor", "link")


def test_to_look_at_the_page_of_a_link_uses_nothing_up(console_app):
    client, link = console_app.test_client(), a_link(console_app)
    for _ in range(3):
        assert client.get("/sign-in").status_code == 200
    assert client.send("/sign-in", {"link": link}).status_code == 303


@pytest.mark.parametrize("shape", ["{}", "  {}\n", "{secret}", "<{}", "{first}\n {rest}"])
def test_a_link_may_be_pasted_as_mail_programs_leave_it(console_app, shape):
    link = a_link(console_app)
    pasted = shape.format(link, secret=link.partition("#")[2], first=link[:60], rest=link[60:])
    assert console_app.test_client().send("/sign-in", {"link": pasted}).status_code == 303


def test_a_link_that_is_used_again_says_so_and_is_noted(console_app):
    link = a_link(console_app, "Ana")
    assert console_app.test_client().send("/sign-in", {"link": link}).status_code == 303
    again = console_app.test_client().send("/sign-in", {"link": link})
    assert again.status_code == 422
    assert "This link has been used" in again.text
    assert audited(console_app)[0] == ("Ana", "sign_in_refused")
    assert log_of(console_app, "staff_sign_in_refused")[0]["reason"] == "used"


def test_a_link_that_is_late_says_so(console_app):
    late = console_app.test_client().send("/sign-in", {"link": a_link(console_app, lives_seconds=0)})
    assert late.status_code == 422
    assert "too old" in late.text


@pytest.mark.parametrize("link", ["", "x", "#" + "a" * 43, "a" * 44, "http://evil.example/#<script>alert(1)</script>"])
def test_a_link_that_never_was_says_so_and_leaves_no_deed(console_app, link):
    answer = console_app.test_client().send("/sign-in", {"link": link})
    assert answer.status_code == 422
    assert "opens nothing" in answer.text
    assert "<script>alert" not in answer.text
    assert audited(console_app) == []


def test_two_who_use_one_link_at_once_are_one(console_app, monkeypatch):
    """The second looks before the first has used it up."""
    link, links = a_link(console_app), parts(console_app).links
    other = console_app.test_client()
    token = other.token("/sign-in")
    use = links.use

    def after_the_other(secret):
        monkeypatch.setattr(links, "use", use)
        assert other.post("/sign-in", data={"csrf_token": token, "link": link}).status_code == 303
        return use(secret)

    monkeypatch.setattr(links, "use", after_the_other)
    first = console_app.test_client()
    assert first.send("/sign-in", {"link": link}).status_code == 422
    assert first.get("/").status_code == 303
    assert other.get("/").status_code == 200


def test_a_store_that_is_away_uses_no_link_up(console_app, monkeypatch):
    def away(*_, **__):
        raise StoreUnavailable("SQLite", Reason.UNREACHABLE, "begin")

    client, link = console_app.test_client(), a_link(console_app)
    with monkeypatch.context() as patch:
        patch.setattr(parts(console_app).store, "put", away)
        answer = client.send("/sign-in", {"link": link})
    assert answer.status_code == 503
    assert link.partition("#")[2] not in answer.text
    assert client.send("/sign-in", {"link": link}).status_code == 303


def test_one_comes_back_to_the_page_that_was_asked_for(console_app):
    client = console_app.test_client()
    asked = client.get("/?q=taco")
    assert (asked.status_code, asked.location) == (303, "/sign-in?next=/?q%3Dtaco")
    assert 'name="next" value="/?q=taco"' in client.get(asked.location).text
    assert client.send("/sign-in", {"link": a_link(console_app), "next": "/?q=taco"}).location == "/?q=taco"
    assert client.get("/sign-in?next=/?q%3Dtaco").location == "/?q=taco#main", "who is in already goes on"


@pytest.mark.parametrize(
    "target", ["//evil.example", "/\\evil.example", "https://evil.example/", "/sign-in", "/nowhere"]
)
def test_nobody_is_sent_elsewhere(console_app, target):
    answer = console_app.test_client().send("/sign-in", {"link": a_link(console_app), "next": target})
    assert answer.location == "/"


def test_each_sign_in_has_a_session_of_its_own_and_ends_the_one_before(console_app):
    client = sign_in(console_app, "Ana", "publisher")
    former = cookie_of(client).value
    client.send("/sign-in", {"link": a_link(console_app, "Ben", "editor")}, form_at="/")
    assert cookie_of(client).value != former
    assert "Ben, editor" in client.get("/").text
    client.set_cookie("console", former, domain="127.0.0.1")
    assert client.get("/").status_code == 303


def test_the_cookie_of_a_former_release_is_taken_away_and_one_signs_in_once_more(console_app):
    client = console_app.test_client()
    client.set_cookie("console", "eyJzZXNzaW9uX2lkIjoiYWJjIn0.aS0.c2lnbmF0dXJl", domain="127.0.0.1")
    assert client.get("/").location.startswith("/sign-in")
    assert cookie_of(client) is None
    assert client.send("/sign-in", {"link": a_link(console_app)}).status_code == 303


def test_a_sign_out_ends_the_session_wherever_its_cookie_is(console_app):
    client = sign_in(console_app)
    cookie = cookie_of(client).value
    assert client.send("/sign-out", form_at="/").location == "/sign-in"
    assert client.get("/").status_code == 303
    client.set_cookie("console", cookie, domain="127.0.0.1")
    assert client.get("/").status_code == 303
    assert audited(console_app)[0] == ("Ana", "signed_out")
    assert log_of(console_app, "staff_signed_out")[0]["staff"] == "Ana"


def test_a_session_ends_after_a_while_without_a_request_and_in_any_case_after_twelve_hours(console_app, monkeypatch):
    sessions, store, extended = console_app.session_interface, parts(console_app).store, []
    with monkeypatch.context() as patch:
        patch.setattr(sessions, "_now", lambda: time.time() - 12 * 3600 + 60)
        client = sign_in(console_app)
    extend = store.extend
    monkeypatch.setattr(
        store,
        "extend",
        lambda *keys, ttl_seconds: extended.append(ttl_seconds) or extend(*keys, ttl_seconds=ttl_seconds),
    )
    assert client.get("/audit").status_code == 200
    assert 50 < extended[-1] <= 60, "idle, but never past the end"
    monkeypatch.setattr(sessions, "_now", lambda: time.time() + 60)
    assert client.get("/audit").status_code == 303
    other = sign_in(console_app)
    assert other.get("/audit").status_code == 200
    assert extended[-1] == 900


def test_a_slow_page_revives_no_session_that_was_signed_out_meanwhile(console_app):
    client = sign_in(console_app)
    with client.session_transaction(base_url=CONSOLE_URL) as slow:
        assert client.send("/sign-out", form_at="/").status_code == 303
        slow["more"] = "x"
    assert client.get("/").status_code == 303


def test_a_session_that_ended_while_somebody_typed_loses_nothing_of_it(console_app):
    client = sign_in(console_app)
    token = client.token("/")
    elsewhere = console_app.test_client()
    elsewhere.set_cookie("console", cookie_of(client).value, domain="127.0.0.1")
    elsewhere.send("/sign-out", form_at="/")
    answer = client.post("/sign-out", data={"csrf_token": token, "text": "A sentence <b>of mine</b>"})
    assert answer.status_code == 403
    assert "A sentence &lt;b&gt;of mine" in answer.text
    assert token not in answer.text


def test_a_store_that_is_away_keeps_what_was_typed(console_app, monkeypatch):
    def away(*_, **__):
        raise StoreUnavailable("SQLite", Reason.UNREACHABLE, "find")

    client = sign_in(console_app)
    token = client.token("/")
    monkeypatch.setattr(parts(console_app).store, "get", away)
    answer = client.post("/sign-out", data={"csrf_token": token, "text": "A sentence of mine"})
    assert answer.status_code == 503
    assert "A sentence of mine" in answer.text
    assert answer.headers["Retry-After"]
    monkeypatch.undo()
    assert client.get("/").status_code == 200, "nobody is signed out by that"


def test_a_sign_out_counts_even_if_it_cannot_be_noted(console_app, monkeypatch):
    from app.history import HistoryUnavailable

    def away(*_, **__):
        raise HistoryUnavailable("It is away.")

    client = sign_in(console_app)
    token = client.token("/")
    monkeypatch.setattr(parts(console_app).audit, "note", away)
    assert client.post("/sign-out", data={"csrf_token": token}).status_code == 303
    assert client.get("/").status_code == 303


def test_who_fails_often_has_to_wait_and_others_need_not(console_app):
    client = console_app.test_client()
    token = client.token("/sign-in")

    def attempt(address, link="x"):
        return client.post(
            "/sign-in", data={"csrf_token": token, "link": link}, environ_overrides={"REMOTE_ADDR": address}
        )

    assert {attempt("192.0.2.1").status_code for _ in range(attempts.LIMIT.count)} == {422}
    link = a_link(console_app)
    refused = attempt("192.0.2.1", link)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= attempts.LIMIT.window_seconds
    assert attempt("192.0.2.2", link).status_code == 303, "another address, and the link is good still"


def test_who_comes_in_often_need_not_wait(console_app):
    for _ in range(attempts.LIMIT.count + 1):
        sign_in(console_app)


def test_no_more_are_tried_at_once_than_one_by_one(console_app, monkeypatch):
    """Each of them is counted before it is looked at: here each begins while the one before is looking."""
    links, client = parts(console_app).links, console_app.test_client()
    link, token = a_link(console_app), client.token("/sign-in")
    look, statuses = links.look, []

    def another():
        statuses.append(client.post("/sign-in", data={"csrf_token": token, "link": link}).status_code)

    monkeypatch.setattr(links, "look", lambda secret: another() or look(secret))
    another()
    assert statuses == [429, 303] + [422] * (attempts.LIMIT.count - 1)


def test_a_form_that_was_open_too_long_comes_again_with_what_was_pasted(console_app):
    link = a_link(console_app)
    client = console_app.test_client()
    stale = client.post("/sign-in", data={"csrf_token": "stale", "link": link})
    assert stale.status_code == 422
    assert f'value="{link}"' in stale.text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', stale.text)[1]
    assert client.post("/sign-in", data={"csrf_token": token, "link": link}).status_code == 303


def test_no_line_of_the_log_holds_a_link_or_a_session(make_console):
    app = make_console(LOG_LEVEL="debug")
    logging.getLogger().setLevel(logging.DEBUG)
    link = a_link(app)
    secret = link.partition("#")[2]
    client = app.test_client()
    client.post("/sign-in", data={"csrf_token": "stale", "link": link})
    client.send("/sign-in", {"link": link})
    session = json.dumps(cookie_of(client).value)
    console_app_log = app.log.getvalue()
    client.send("/sign-in", {"link": link}, form_at="/")
    client.send("/sign-out", form_at="/")
    written = app.log.getvalue()
    assert len(written) > len(console_app_log) > 0
    assert secret not in written
    assert secret[:7] not in written
    assert session.strip('"')[:20] not in written


def test_who_was_signed_out_while_writing_signs_in_and_sends_the_same_again(console_app):
    client = sign_in(console_app)
    there = "/words?section=site&name=busy"
    typed = Page(client.get(there)).fields | {"text-en": "Full\nhouse!", "action": "save"}
    client.send("/sign-out", {}, form_at="/")
    kept = client.post(there, data=typed)
    assert kept.status_code == 403
    assert "Sign in, in another tab" in kept.text
    assert "seen-en" not in text_of(kept.text), "what nobody has typed is not told"
    client.send("/sign-in", {"link": a_link(console_app)})
    once_more = client.post(there, data=form_of(kept.text, field="text-en"))
    assert once_more.status_code == 400
    assert "nothing of it is saved yet" in text_of(once_more.text)
    assert client.post(there, data=form_of(once_more.text, field="text-en")).status_code == 303
    found = parts(console_app).drafts.read()
    assert found["messages/en.toml", "site", "busy"].value["text"] == "Full\nhouse!"
