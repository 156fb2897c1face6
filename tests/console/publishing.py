"""A draft to publish, for the tests of the pages that do."""

from tests.console.pages import fill_in

SIGNED_OUT = ("messages/en.toml", "site", "signed_out")
NOT_FOUND = ("messages/en.toml", "paytronix", "user_info.not_found")
EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{1234*5678}}"


def entry(text):
    return {"text": text, "title": None, "link": None}


def publish(client, **fields):
    return fill_in(client, "/publish", {"comment": "Why not", **fields}, field="follows")
