"""Every message there is, in every language: what guests read, and where it comes from."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.messages.builtin import FOLDER, builtin
from app.messages.catalogue import LAST_RESORT, Catalogue
from app.messages.entries import PAYTRONIX, Key
from app.messages.localizer import Message
from app.messages.placeholders import ONLY_IN


@dataclass(frozen=True)
class ListedMessage:
    """One message in one language.

    :ivar message: what guests read, with placeholders as they are typed where only a page knows their value
    """

    section: str
    name: str
    language: str
    message: Message

    @property
    def is_missing(self) -> bool:
        """Whether guests of this language read it in another one."""
        return self.message.language != self.language

    @property
    def follows(self) -> Key | None:
        """The entry whose words these are, where the message has none of its own."""
        return None if self.message.entry in {None, (self.section, self.name)} else self.message.entry

    @property
    def is_built_in(self) -> bool:
        """Whether it is not the merchant's own."""
        return self.message.source.startswith(f"{FOLDER.name}/")


def list_messages(catalogue: Catalogue) -> Iterator[ListedMessage]:
    """All messages, in the order of the built-in file; the merchant's other codes follow Paytronix's."""
    for section, name in _keys(catalogue):
        as_typed = {word: f"{{{word}}}" for word in ONLY_IN.get((section, name), {})}
        for localizer in catalogue.localizers:
            message = localizer.as_met(name) if section == PAYTRONIX else localizer.message(section, name, **as_typed)
            yield ListedMessage(section, name, localizer.language, message)


def _keys(catalogue: Catalogue) -> list[Key]:
    built_in = dict.fromkeys(builtin().entries[LAST_RESORT])
    own = dict.fromkeys(key for localizer in catalogue.localizers for key in catalogue.entries_in(localizer.language))
    sections = dict.fromkeys(section for section, _ in built_in)
    return [key for section in sections for key in (built_in | own) if key[0] == section]
