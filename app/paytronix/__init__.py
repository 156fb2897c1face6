"""Paytronix's REST API: the calls that a guest's website makes, and what their replies mean."""

from app.paytronix.account import Account, Balance, Expiration
from app.paytronix.client import Call, PaytronixClient, Probe
from app.paytronix.errors import (
    PaytronixError,
    Reason,
    RefreshRefused,
    Refused,
    TokenRejected,
    Unavailable,
)
from app.paytronix.models import Guest, Token
from app.paytronix.transport import Adapter, Transport

__all__ = [
    "Account",
    "Adapter",
    "Balance",
    "Call",
    "Expiration",
    "Guest",
    "PaytronixClient",
    "PaytronixError",
    "Probe",
    "Reason",
    "RefreshRefused",
    "Refused",
    "Token",
    "TokenRejected",
    "Transport",
    "Unavailable",
]
