"""Where server-side state lives: records, leases and counters behind one small interface."""

from app.store.interface import (
    Change,
    Claim,
    Decrement,
    Facts,
    Limit,
    Put,
    PutAndRelease,
    Reason,
    Store,
    StoreUnavailable,
)
from app.store.observed import Operation, observed
from app.store.urls import open_store, without_credentials

__all__ = [
    "Change",
    "Claim",
    "Decrement",
    "Facts",
    "Limit",
    "Operation",
    "Put",
    "PutAndRelease",
    "Reason",
    "Store",
    "StoreUnavailable",
    "observed",
    "open_store",
    "without_credentials",
]
