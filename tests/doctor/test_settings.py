"""What the doctor says of settings: each fault is named rightly, with what to do."""

from tests.doctor.conftest import faults, findings
from tests.sites import SECRET_KEY

# --- In order ---


def test_an_installation_in_order_has_no_fault(examine, run_site):
    site = run_site()
    found = examine(PUBLIC_URL=site.url)
    assert faults(found) == []
    assert "TRUSTED_PROXY_HOPS is 0, and so many proxies are there" in findings(found, "ok", "proxy")
    assert "this machine's clock agrees with Paytronix's" in findings(found, "ok", "paytronix")
    (unproven,) = findings(found, "note", "paytronix")
    assert "not proven" in unproven


def test_it_signs_nobody_in_and_makes_one_call(examine, sandbox):
    examine()
    (call,) = sandbox.calls()
    assert (call["operation"], call["grant"]) == ("requestGuestToken", "refresh_token")


def test_settings_are_shown_with_their_source_and_secrets_are_not(examine, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("marker-client-secret\n")
    found = examine(
        PAYTRONIX_CLIENT_SECRET=None,
        PAYTRONIX_CLIENT_SECRET_FILE=str(secret),
        STORE_URL="redis://:marker-redis-password@127.0.0.1:1/0",
        PAYTRONIX_CREDENTIALS_IN_BODY="yes",
    )
    shown = findings(found, "ok", "settings")
    assert "SECRET_KEY = *** (environment)" in shown
    assert "PAYTRONIX_CLIENT_SECRET = *** (file that PAYTRONIX_CLIENT_SECRET_FILE names)" in shown
    assert "STORE_URL = redis://127.0.0.1:1/0 (environment)" in shown
    assert "SESSION_IDLE_SECONDS = 1800 (default)" in shown
    assert "PAYTRONIX_CREDENTIALS_IN_BODY = true (environment)" in shown
    assert len(shown) > 20


def test_for_a_person_it_prints_lines_with_what_to_do(examine):
    code, text = examine(json_too=False, as_operators_do=True, STORE_URL="redis://127.0.0.1:1/0")
    assert code == 1
    assert "FAULT store: Redis at 127.0.0.1:1 is unavailable (unreachable)" in text
    assert "\n      Check STORE_URL" in text
    assert text.endswith("1 fault found.\n")


# --- Settings ---


def test_settings_that_are_missing_or_wrong_are_all_named(examine):
    found = examine(as_operators_do=True, PAYTRONIX_MERCHANT_ID=None, PUBLIC_URL="rewards.example.com")
    named = faults(found)
    assert len(named) == 2
    assert any("PAYTRONIX_MERCHANT_ID is missing" in each for each in named)
    assert any("PUBLIC_URL is wrong" in each for each in named)


def test_a_console_that_could_not_start(examine):
    named = faults(
        examine(
            CONSOLE_URL="http://words.example.com",
            CONSOLE_OIDC_ISSUER="https://login.example.com",
            CONSOLE_EDITORS="foo",
            CONSOLE_OIDC_CLIENT_SECRET="marker-client-secret",
        )
    )
    assert len(named) == 2
    assert any("CONSOLE_URL is wrong" in each for each in named)
    assert any("CONSOLE_EDITORS is wrong" in each for each in named)


def test_settings_of_the_console_are_shown_too(examine):
    found = examine(
        CONSOLE_URL="https://words.example.com",
        CONSOLE_OIDC_ISSUER="https://login.example.com",
        CONSOLE_OIDC_CLIENT_ID="guest-words",
        CONSOLE_OIDC_CLIENT_SECRET="marker-client-secret",
        CONSOLE_EDITORS="@example.com",
    )
    assert faults(found) == []
    shown = findings(found, "ok", "settings")
    assert "CONSOLE_URL = https://words.example.com (environment)" in shown
    assert "CONSOLE_OIDC_CLIENT_SECRET = *** (environment)" in shown
    assert "CONSOLE_IDLE_SECONDS = 900 (default)" in shown
    assert len(shown) == len({each.partition(" ")[0] for each in shown}), "a setting is shown twice"


def test_a_console_without_a_key_of_its_own_is_told(examine):
    found = findings(examine(CONSOLE_URL="https://words.example.com"), "note", "settings")
    assert found == ["CONSOLE_SECRET_KEY is not set, so whoever takes over the site can sign in to the console"]
    own = {"CONSOLE_SECRET_KEY": "marker-client-secret-0123456789abcdef"}
    assert findings(examine(CONSOLE_URL="https://words.example.com", **own), "note", "settings") == []
    (same,) = faults(examine(CONSOLE_URL="https://words.example.com", CONSOLE_SECRET_KEY=SECRET_KEY))
    assert "CONSOLE_SECRET_KEY is wrong: it is SECRET_KEY" in same


def test_limits_that_do_not_go_together(examine):
    named = faults(examine(SESSION_IDLE_SECONDS="100", SESSION_MAX_SECONDS="60", PAYTRONIX_CONNECT_SECONDS="11"))
    assert [each.partition(" is longer")[0] for each in named] == [
        "settings: SESSION_IDLE_SECONDS",
        "settings: PAYTRONIX_CONNECT_SECONDS",
    ]


def test_metrics_for_all_the_world(examine):
    found = examine(METRICS_ADDRESS="0.0.0.0:8002")
    assert findings(found, "note", "settings") == ["METRICS_ADDRESS is open on every network of this machine"]
