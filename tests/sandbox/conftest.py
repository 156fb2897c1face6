"""A caller: makes the vendor's calls as an integrator would, and shows what comes back."""

import pytest
import requests

FOUR_SCOPES = "user_read user_write account_read account_write"


class Caller:
    """Calls one sandbox. Every method returns the HTTP reply; tokens and credentials can be overruled by name."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.auth = (sandbox.client_id, sandbox.client_secret)
        self.integration = {
            "client_id": sandbox.client_id,
            "client_secret": sandbox.client_secret,
            "merchantId": sandbox.merchant_id,
        }

    def post(self, path, body, timeout=10, **options):
        options.setdefault("allow_redirects", False)
        return self.session.post(f"{self.sandbox.base_url}/{path}.json", json=body, timeout=timeout, **options)

    def get(self, path, query, timeout=10):
        return self.session.get(f"{self.sandbox.base_url}/{path}.json", params=query, timeout=timeout)

    def token(self, grant, timeout=10, **fields):
        body = self.integration | {"authentication": "anonymous", "grant_type": grant, "scope": FOUR_SCOPES}
        body = {name: value for name, value in (body | fields).items() if value is not None}
        return self.post("oauth/requestGuestToken", body, timeout)

    def sign_in(self, username="ana", password="taco-tuesday", timeout=10, **fields):
        return self.token("password", timeout, username=username, password=password, **fields)

    def refresh(self, refresh_token, timeout=10, **fields):
        return self.token("refresh_token", timeout, refresh_token=refresh_token, **fields)

    def with_token(self, access_token, **fields):
        own = {"merchantId": self.sandbox.merchant_id, "authentication": "oauth", "access_token": access_token}
        return own | fields

    def user_information(self, access_token, username="ana", timeout=10, **fields):
        return self.get("guest/userInformation", self.with_token(access_token, username=username, **fields), timeout)

    def account_information(self, access_token, card, **fields):
        return self.get("guest/accountInformation", self.with_token(access_token, printedCardNumber=card, **fields))

    def edit_account(self, access_token, card, **fields):
        body = self.integration | self.with_token(access_token, printedCardNumber=card, **fields)
        return self.post("enrollment/editAccount", body)


@pytest.fixture
def call(sandbox):
    caller = Caller(sandbox)
    yield caller
    caller.session.close()


@pytest.fixture
def ana(call):
    """The tokens of a good sign-in as the first demo guest."""
    return call.sign_in().json()
