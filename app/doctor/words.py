"""The merchant's folder."""

from collections.abc import Iterator

from app.doctor.findings import Finding, fault, ok
from app.messages import Messages
from app.services import Services

AREA = "words"


def check_words(services: Services) -> Iterator[Finding]:
    """Whether it has faults; guests read the last good words meanwhile. ``messages check`` says more."""
    folder = services.settings.merchant_dir
    faults = Messages(folder).current().problems
    for each in faults:
        yield fault(AREA, f"{folder.name}/{each.file}, line {each.line}: {each.description}", each.suggestion)
    if not faults:
        yield ok(AREA, f"no faults in {folder.name}/")
