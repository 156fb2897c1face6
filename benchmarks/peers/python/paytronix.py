"""What every Python peer sends to the vendor."""

import os

API = f"{os.environ['VENDOR_URL']}/rest/25.33"
TOKEN_URL, ACCOUNT_URL = f"{API}/oauth/requestGuestToken.json", f"{API}/guest/accountInformation.json"
CREDENTIALS = ("measurement", "measurement-secret")
TIMEOUT_SECONDS = 10


def grant(username, password):
    """The body of the token call."""
    return {
        "authentication": "anonymous",
        "client_id": CREDENTIALS[0],
        "client_secret": CREDENTIALS[1],
        "merchantId": 777777,
        "grant_type": "password",
        "scope": "user_read user_write account_read account_write",
        "username": username,
        "password": password,
    }


def query(access_token):
    """The query of the account call."""
    card = "6000000000410017"
    return {
        "authentication": "oauth",
        "merchantId": 777777,
        "access_token": access_token,
        "printedCardNumber": card,
    }
