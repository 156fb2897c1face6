"""Values out of a form, read by the same readers as the folder's files, so that one rule counts for both."""

from dataclasses import dataclass

from app.messages import Fault
from app.messages.editing import Document, places


@dataclass(frozen=True)
class Typed(Document):
    """What a file would hold if a form were saved. A fault in it says which name is meant, and not which line."""

    def fault(self, path: places.Path, problem: str, instead: str) -> Fault:
        """A fault whose ``file`` is the path of names, with slashes in between."""
        return Fault("/".join(path), *places.START, problem, instead)


def troubles(faults: tuple[Fault, ...]) -> dict[str, str]:
    """What is wrong by path, each the first that was found there."""
    found: dict[str, str] = {}
    for fault in faults:
        found.setdefault(fault.file, fault.problem)
    return found
