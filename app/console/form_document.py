"""Values out of a form, read by the same readers as the folder's files, so that one rule counts for both."""

from dataclasses import dataclass

from app.messages import Problem
from app.messages.editing import Document, KeyPath, SourcePosition


@dataclass(frozen=True)
class FormDocument(Document):
    """What a file would hold if a form were saved. A fault in it says which name is meant, and not which line."""

    def locate(self, path: KeyPath) -> SourcePosition:
        """A position whose ``file`` is the path of names, with slashes in between."""
        return SourcePosition("/".join(path))


def troubles(problems: tuple[Problem, ...]) -> dict[str, str]:
    """What is wrong by path, each the first that was found there."""
    found: dict[str, str] = {}
    for problem in problems:
        found.setdefault(problem.file, problem.description)
    return found
