"""Where server-side state lives: records, leases and counters behind one small interface."""

from app.store.interface import (
    Change,
    Claim,
    Count,
    Facts,
    Limit,
    Put,
    Reason,
    Settle,
    Store,
    StoreUnavailable,
    TakeBack,
)
from app.store.observed import ObservedStore, Operation
from app.store.patience import check_patience, patience, renew_patience
from app.store.urls import open_store, without_credentials

__all__ = [
    "Change",
    "Claim",
    "Count",
    "Facts",
    "Limit",
    "ObservedStore",
    "Operation",
    "Put",
    "Reason",
    "Settle",
    "Store",
    "StoreUnavailable",
    "TakeBack",
    "check_patience",
    "open_store",
    "patience",
    "renew_patience",
    "without_credentials",
]
