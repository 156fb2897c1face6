"""What Flask-Session asks of a backend: each of its methods works, with guests' sign-ins and with any other store."""

import pytest
from flask import Flask, session

from app.auth.session_interface import StoreOrCookieSessionInterface
from app.store import Reason, StoreUnavailable
from tests.sites import browser_of


@pytest.fixture
def backend(site):
    return site.session_interface


@pytest.fixture
def session_id(browser):
    browser.sign_in()
    return browser.cookies()["session"]


def test_a_session_is_retrieved_and_deleted_by_its_id(backend, session_id):
    store_id = backend._get_store_id(session_id)
    assert backend._retrieve_session_data(store_id)["username"] == "ana"
    backend._delete_session(store_id)
    backend._delete_session(store_id)
    assert backend._retrieve_session_data(store_id) is None


def test_a_session_that_is_regenerated_has_another_id_and_the_former_one_opens_nothing(site, backend, session_id):
    with site.test_request_context("/account", headers={"Cookie": f"session={session_id}"}):
        backend.regenerate(session)
        answer = site.process_response(site.response_class())
    fresh = answer.headers["Set-Cookie"].partition("session=")[2].partition(";")[0]
    assert len(fresh) == 43
    assert fresh != session_id
    browser = browser_of(site)
    browser.set_cookie("session", session_id)
    assert browser.get("/account").status == 303
    browser.set_cookie("session", fresh)
    assert browser.get("/account").status == 200


class Backend(StoreOrCookieSessionInterface):
    """Sessions in a dictionary."""

    def __init__(self, app):
        keys = ["k" * 40]
        super().__init__(app, key_prefix="x:", keys=keys, visitor_cookie="v", visitor_keys=("seen",), salt="test")
        self.kept, self.is_away = {}, False

    def _retrieve_session_data(self, store_id):
        if self.is_away:
            raise StoreUnavailable("a dictionary", Reason.UNREACHABLE, "away")
        return self.kept.get(store_id)

    def _upsert_session(self, session_lifetime, session, store_id):
        self.kept[store_id] = dict(session)

    def _delete_session(self, store_id):
        self.kept.pop(store_id, None)


@pytest.fixture
def app():
    app = Flask("test")
    app.session_interface = Backend(app)

    @app.get("/visit")
    def visit():
        session["seen"], session["other"] = "yes", "not kept"
        return ""

    @app.get("/sign-in")
    def sign_in():
        session.clear()
        session["name"], session.is_stored = "ana", True
        app.session_interface.regenerate(session)
        return ""

    @app.get("/sign-out")
    def sign_out():
        app.session_interface._delete_session(app.session_interface._get_store_id(session.sid))
        session.clear()
        session.is_stored, session.forgets_id = False, True
        return ""

    @app.get("/")
    def show():
        return dict(session) | {"failure": type(session.failure).__name__, "is_stored": session.is_stored}

    return app


def shown(client):
    found = client.get("/").json
    return {key: value for key, value in found.items() if key != "failure"}, found["failure"]


def test_a_visitor_s_session_is_in_the_browser_and_of_the_signed_in_in_the_store(app):
    client, kept = app.test_client(), app.session_interface.kept
    client.get("/visit")
    assert shown(client)[0] == {"seen": "yes", "is_stored": False}
    assert not kept
    client.get("/sign-in")
    (store_id,) = kept
    assert store_id == "x:" + client.get_cookie("session").value
    assert shown(client)[0] == {"name": "ana", "is_stored": True}
    client.get("/sign-in")  # in another tab
    assert list(kept) != [store_id]
    assert len(kept) == 1
    client.get("/sign-out")
    assert not kept
    assert client.get_cookie("session") is None


def test_a_store_that_is_away_is_not_a_browser_that_is_signed_out(app):
    client = app.test_client()
    client.get("/sign-in")
    app.session_interface.is_away = True
    assert shown(client)[1] == "StoreUnavailable"
    app.session_interface.is_away = False
    assert shown(client) == ({"name": "ana", "is_stored": True}, "NoneType")
