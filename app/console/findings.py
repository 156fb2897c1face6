"""What is wrong with the draft, told apart from what was wrong before."""

from collections.abc import Collection, Iterator

from app.console.differences import Difference, name_of
from app.console.workspace import Snapshot
from app.messages import Problem
from app.messages.editing import (
    MERCHANT_FILE,
    Key,
    check_all_but_entries,
    check_what_entries_name,
    english_name_of,
    list_messages,
)


def new_faults(after: Collection[Problem], before: Collection[Problem]) -> list[Problem]:
    """Faults of some words that others did not have. Where they stand does not count: it is another overlay."""
    known = {(_file(problem), problem.description) for problem in before}
    return [problem for problem in after if (_file(problem), problem.description) not in known]


def faults_of_draft(snapshot: Snapshot) -> list[Problem]:
    """What is wrong with the draft and with nothing that guests read already. It must not be published so."""
    return new_faults(snapshot.draft.problems, snapshot.live.problems)


def remarks_on_draft(snapshot: Snapshot) -> list[Problem]:
    """What would work, and may not be meant, of look and notices. What is to be said of changed entries stands at each.

    A change of look can do harm to entries that nobody has touched: they name the number, or a link, that goes.
    """
    after, before = check_all_but_entries(snapshot.draft), check_all_but_entries(snapshot.live)
    if any(place[0] == MERCHANT_FILE for place in snapshot.drafts):
        after += check_what_entries_name(snapshot.draft, but=set(_changed_entries(snapshot)))
        before += check_what_entries_name(snapshot.live)
    return [*new_faults(after, before), *_half_translated(snapshot)]


def _half_translated(snapshot: Snapshot) -> Iterator[Problem]:
    """Languages that come with the draft, and in which a part of the texts is missing."""
    present = {localizer.language for localizer in snapshot.live.localizers}
    lines = [line for line in list_messages(snapshot.draft) if line.language not in present]
    for language in dict.fromkeys(line.language for line in lines):
        missing = [line for line in lines if line.language == language and line.is_missing]
        if missing:
            of_all = sum(line.language == language for line in lines)
            name, instead = english_name_of(language), english_name_of(missing[0].message.language)
            yield Problem(
                f"{name} is new, and {len(missing)} of {of_all} texts have no words in it: guests get {instead}.",
                f"Write them first: Words, language {name}.",
            )


def _changed_entries(snapshot: Snapshot) -> Iterator[tuple[str, Key]]:
    for place in snapshot.drafts:
        one = Difference(place, name_of(place), ())
        if one.entry and one.name.language:
            yield one.name.language, one.entry


def _file(problem: Problem) -> str:
    """Without the overlay's label in front."""
    return problem.file.rpartition(", ")[2]
