"""The notices as staff edit them: which there are, what the draft says of each, in which languages."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.console.times import TIME_ZONE
from app.console.workspace import Snapshot
from app.history import ABSENT, Contents, value_at
from app.messages.editing import NOTICES_FILE as FILE
from app.messages.editing import language_tag

TEXTS = ("text", "title")


def names(values: Contents) -> list[str]:
    """The names of the notices that a folder, a draft or a revision has."""
    file = values.get(FILE)
    return [name for name in file if name != TIME_ZONE[1]] if isinstance(file, Mapping) else []


def present(snapshot: Snapshot, name: str) -> dict[str, Any] | None:
    """A notice as the draft has it; None when there is none. What is no notice can be written anew."""
    value = value_at(snapshot.values, (FILE, name))
    if value is ABSENT or value is None or name == TIME_ZONE[1]:
        return None
    return with_proper_tags(value) if isinstance(value, Mapping) else {}


def with_proper_tags(value: Mapping[str, Any]) -> dict[str, Any]:
    """A notice with its languages as the site writes them: ``pt-BR``, where the folder may say ``pt-br``."""
    proper = dict(value)
    for part in TEXTS:
        if isinstance(texts := value.get(part), Mapping):
            proper[part] = {language_tag(tag) or tag: text for tag, text in texts.items()}
    return proper


def languages(snapshot: Snapshot, value: Mapping[str, Any], also: Iterable[str] = ()) -> list[str]:
    """Tags of those that guests can get, of those in which a notice has words, and of others."""
    tags = [tag for part in TEXTS if isinstance(value.get(part), Mapping) for tag in value[part]]
    return list(dict.fromkeys((*snapshot.draft.merchant.languages, *filter(None, map(language_tag, (*tags, *also))))))


def without_none(value: Any) -> Any:
    """A value without what is not given in it, however deep."""
    if not isinstance(value, Mapping):
        return value
    kept = {name: without_none(inner) for name, inner in value.items() if inner is not None}
    return {name: inner for name, inner in kept.items() if inner != {}}
