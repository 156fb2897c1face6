"""Where server-side state lives: records, leases and counters behind one small interface."""

from app.store.interface import Count, Reason, Store, StoreUnavailable
from app.store.patience import check_patience, patience, renew_patience
from app.store.urls import open_store

__all__ = [
    "Count",
    "Reason",
    "Store",
    "StoreUnavailable",
    "check_patience",
    "open_store",
    "patience",
    "renew_patience",
]
