"""Where server-side state lives: records, leases and counters behind one small interface."""

from app.store.interface import Claim, Count, Facts, Reason, Store, StoreUnavailable
from app.store.observed import ObservedStore, Operation
from app.store.patience import check_patience, patience, renew_patience
from app.store.urls import open_store, without_credentials

__all__ = [
    "Claim",
    "Count",
    "Facts",
    "ObservedStore",
    "Operation",
    "Reason",
    "Store",
    "StoreUnavailable",
    "check_patience",
    "open_store",
    "patience",
    "renew_patience",
    "without_credentials",
]
