"""What an identity provider claims of somebody, and what it counts for."""

import pytest

from app.console import provider, staff
from app.settings import values


@pytest.mark.parametrize(
    ("claims", "name", "role"),
    [
        ({"email": "Ana@Example.com", "email_verified": True}, "ana@example.com", "publisher"),
        ({"email": "ana@example.com", "email_verified": "true"}, "ana@example.com", "publisher"),
        ({"email": "ana@example.com", "email_verified": "false"}, "ana@example.com (7)", None),
        ({"email": "ana@example.com", "email_verified": ["x"]}, "ana@example.com (7)", None),
        ({"email": "ana@example.com"}, "ana@example.com (7)", None),
        ({"email": "x@evil.example@example.com", "email_verified": True}, "x@evil.example@example.com", None),
        ({"email": "x@sub.example.com", "email_verified": True}, "x@sub.example.com", None),
        ({"groups": "Marketing"}, "7", "publisher"),
        ({"groups": ["marketing", "Marketing "]}, "7", None),
        ({"email": "group:Marketing", "email_verified": True}, "group:Marketing".lower(), None),
        ({"email": "ben@example.com", "email_verified": True}, "ben@example.com", "editor"),
        # Of all letters only A to Z have small ones here: a Kelvin sign, a long s, a dotted I, a full-width A.
        ({"email": "\u212aate@example.com", "email_verified": True}, "\u212aate@example.com", None),
        ({"email": "kate@example.com", "email_verified": True}, "kate@example.com", "publisher"),
        ({"email": "\u017fam@example.com", "email_verified": True}, "\u017fam@example.com", None),
        ({"email": "l\u0130z@example.com", "email_verified": True}, "l\u0130z@example.com", None),
        ({"email": "\uff21na@example.com", "email_verified": True}, "\uff21na@example.com", None),
        ({"email": "ana@example.co\u217f", "email_verified": True}, "ana@example.co\u217f", None),
        ({"email": "JOS\u00c9@Example.com", "email_verified": True}, "jos\u00c9@example.com", "publisher"),
        ({"email": "jos\u00e9@example.com", "email_verified": True}, "jos\u00e9@example.com", None),
        ({"email": "@example.com", "email_verified": True}, "@example.com", None),
        ({"email": "ana@", "email_verified": True}, "ana@", None),
        ({"email": " ana@example.com", "email_verified": True}, " ana@example.com", None),
        ({"email": "", "email_verified": True, "preferred_username": "ana@example.com"}, "ana@example.com (7)", None),
        ({"preferred_username": "ana\u202e@moc\n"}, "ana\\u202e@moc\\u000a (7)", None),
        ({"sub": "ana@example.com"}, "(ana@example.com)", None),
    ],
)
def test_what_a_provider_claims_and_what_it_counts_for(claims, name, role):
    listed = values.as_staff(
        "ana@example.com, group:Marketing, Kate@Example.com, SAM@example.com, JOS\u00c9@example.com"
    )
    who = provider.identity_of({"sub": "7"} | claims, {})
    assert (who.name, staff.role_of(who, editors=["@example.com"], publishers=listed)) == (name, role)


@pytest.mark.parametrize(
    ("of_token", "of_userinfo", "role"),
    [
        ({}, {"email": "ana@example.com", "email_verified": True}, "publisher"),
        ({"email": ""}, {"email": "ana@example.com", "email_verified": True}, "publisher"),
        ({"email_verified": True}, {"email": "ana@example.com", "email_verified": False}, None),
        ({"email_verified": True}, {"email": "ana@example.com"}, None),
        ({"email": "ana@example.com"}, {"email_verified": True}, None),
        ({"email": "ana@example.com"}, {"email": "eve@example.com", "email_verified": True}, None),
        ({"email": "ben@example.com", "email_verified": True}, {"email": "ana@example.com"}, "editor"),
        ({"groups": ["Kitchen"]}, {"groups": ["Marketing"]}, None),
        ({}, {"groups": ["Marketing"]}, "publisher"),
    ],
)
def test_an_address_and_whether_it_was_verified_come_from_one_place(of_token, of_userinfo, role):
    who = provider.identity_of({"sub": "7"} | of_token, of_userinfo)
    assert staff.role_of(who, editors=["@example.com"], publishers=["ana@example.com", "group:Marketing"]) == role


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"sub": ""}, "no_subject"),
        ({"sub": " "}, "no_subject"),
        ({"sub": None}, "no_subject"),
        ({"sub": "7\u202e"}, "no_subject"),
        ({"sub": "7\n8"}, "no_subject"),
        ({"email": "ana\u202e@example.com"}, "unreadable_address"),
        ({"email": "ana\u2066@example.com"}, "unreadable_address"),
        ({"email": "ana@example.com\n"}, "unreadable_address"),
        ({"email": "ana\u200b@example.com"}, "unreadable_address"),
        ({"email": "ana@example.com\u00a0"}, "unreadable_address"),
        ({"email": "ana\ud800@example.com"}, "unreadable_address"),
    ],
)
def test_whoever_would_not_be_read_as_who_they_are_is_refused(claims, reason):
    with pytest.raises(provider.ProviderRefused, match=reason):
        provider.identity_of({"sub": "7", "email_verified": True, "groups": ["Marketing"]} | claims, {})
