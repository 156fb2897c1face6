"""All that the doctor looks at, in its order."""

from collections.abc import Callable, Iterator

from app.doctor.findings import Finding
from app.doctor.history import check_history
from app.doctor.paytronix import check_paytronix
from app.doctor.proxy import check_proxy
from app.doctor.settings import check_settings
from app.doctor.store import check_store
from app.doctor.words import check_words
from app.services import Services

CHECKS: tuple[Callable[[Services], Iterator[Finding]], ...] = (
    check_settings,
    check_proxy,
    check_store,
    check_words,
    check_history,
    check_paytronix,
)
