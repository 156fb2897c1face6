"""All messages of one moment, in every language, and the theme."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import PurePath

from app.messages import languages
from app.messages.builtin import builtin
from app.messages.documents import Documents
from app.messages.entries import LINKS, Entries, Entry, Key, Vocabulary, read_entries
from app.messages.localizer import Layer, Localizer
from app.messages.merchant import FILE as MERCHANT_FILE
from app.messages.merchant import KNOWN_LINKS, Merchant, read_merchant
from app.messages.notices import Notice, read_notices
from app.messages.problems import Problem, quoted
from app.messages.theme import SchemeName, Theme, make_theme

NO_WORDS = "There are no words in the language"  # begins the problem of a language that is only listed
LAST_RESORT = "en"  # the one language in which every message is built in
_HEADERS_REMEMBERED = 256


@dataclass(frozen=True, eq=False)
class Catalogue:
    """All messages of one moment, and the theme. Never changes; the next moment has its own.

    :ivar merchant: who the merchant is; its languages are those that guests can get
    :ivar own_entries: the merchant's entries by language, also of languages that guests cannot get
    :ivar notices: all of them, also those that are over
    :ivar problems: what is wrong with the folder
    :ivar theme: how the pages look
    :ivar files: language → its file
    :ivar unread: files, and links as ``merchant.toml NAME``, in place of which a problem is reported already
    """

    merchant: Merchant
    own_entries: Mapping[str, Entries]
    notices: tuple[Notice, ...]
    problems: tuple[Problem, ...]
    theme: Theme
    files: Mapping[str, str]
    unread: Collection[str]

    @cached_property
    def localizers(self) -> tuple[Localizer, ...]:
        """One for each language, the programme's first language in front."""
        first, built_in = self.merchant.languages[0], builtin().entries
        return tuple(
            Localizer(
                tag,
                own=_layers(self.own_entries, (tag, first)),
                built_in=_layers(built_in, (tag, first, LAST_RESORT)),
                merchant=self.merchant,
                notices=self.notices,
            )
            for tag in self.merchant.languages
        )

    @cached_property
    def _localizer_of(self) -> Mapping[str, Localizer]:
        return {localizer.language.lower(): localizer for localizer in self.localizers}

    @cached_property
    def _negotiated(self) -> Callable[[str], Localizer]:
        return lru_cache(_HEADERS_REMEMBERED)(self._negotiate)

    def entries_in(self, language: str) -> Entries:
        """The merchant's entries that guests of a language read, those for a wider language included."""
        return _entries_in(self.own_entries, language)

    def with_entries(self, key: Key, entries: Mapping[str, Entry | None]) -> "Catalogue":
        """The same but for one entry, in some languages; None where the merchant has none.

        Costs little, also beside hundreds of entries: what has been read is not read again.
        """
        own_entries = dict(self.own_entries)
        for tag, entry in entries.items():
            others = {other: each for other, each in own_entries.get(tag, {}).items() if other != key}
            own_entries[tag] = {**others, key: entry} if entry else others
        return replace(self, own_entries=own_entries)

    def in_scheme(self, name: SchemeName) -> "Catalogue":
        """The same, light or dark whatever devices are set to."""
        return replace(self, theme=self.theme.in_scheme(name))

    def file_of(self, language: str) -> str:
        """The file of a language, or the one that it would have."""
        return self.files.get(language, f"messages/{language}.toml")

    def is_unread(self, file: str, link: str = "") -> bool:
        """Whether a problem is reported in place of what is missing: of the whole file, or of a link's address."""
        return file in self.unread or f"{file} {link}" in self.unread

    def localizer(self, language: str) -> Localizer | None:
        """The messages in one language, or None when guests cannot get it.

        :param language: a tag in any case, or anything else.
        """
        return self._localizer_of.get(language.lower())

    def negotiate(self, accept_language: str | None, chosen: str | None = None) -> Localizer:
        """The messages for a guest.

        :param accept_language: the browser's header, whatever is in it.
        :param chosen: the language that the guest has chosen on the site; counts if it can be had.
        """
        if chosen and (localizer := self.localizer(chosen)):
            return localizer
        if not accept_language:
            return self.localizers[0]
        return self._negotiated(accept_language[: languages.LONGEST_HEADER])

    def _negotiate(self, accept_language: str) -> Localizer:
        tag = languages.negotiate(accept_language, self.merchant.languages)
        return self._localizer_of[tag.lower()] if tag else self.localizers[0]


def compose(documents: Documents) -> Catalogue:
    """Put the messages and the theme of one moment together."""
    built_in = builtin()
    merchant_file, problems = documents.merchant, documents.problems
    merchant, found = read_merchant(merchant_file) if merchant_file else (Merchant(), ())
    all_problems = [*problems, *found]
    given = merchant_file.values.get("links") if merchant_file else None
    wrong_links = set(given) - merchant.links.keys() if isinstance(given, dict) else set()
    vocabulary = Vocabulary(built_in.vocabulary.sections, {*KNOWN_LINKS, *merchant.links, *wrong_links})
    notices, found = read_notices(documents.notices, vocabulary.links) if documents.notices else ((), ())
    all_problems += found
    own_entries: dict[str, Entries] = {}
    for tag, document in documents.languages.items():
        own_entries[tag], found = read_entries(document, vocabulary)
        all_problems += found

    unread = {problem.file for problem in problems}
    unread -= {document.file for document in documents.files.values()}
    can_be_had = [*built_in.entries, *(tag for tag in sorted(documents.languages) if tag not in built_in.entries)]
    served = tuple(tag for tag in merchant.languages if languages.served_by(tag, can_be_had))
    if merchant_file:
        broken = {languages.language_tag(PurePath(file).stem) for file in unread}
        for tag in (tag for tag in merchant.languages if tag not in served and tag not in broken):
            suggestion = f"Write some, in the console or in a file messages/{tag}.toml, or take it out of the list."
            problem = Problem(f"{NO_WORDS} {quoted(tag)}.", suggestion)
            all_problems.append(problem.at(merchant_file.locate(("languages",))))
    merchant = replace(merchant, languages=served or tuple(can_be_had))

    first = merchant.languages[0]  # of the texts in merchant.toml
    own_entries[first] = {**_entries_of(merchant, _entries_in(own_entries, first)), **own_entries.get(first, {})}

    pictures = [
        documents.picture(file) if file else (None, None) for file in (merchant.logo, merchant.background_picture)
    ]
    for path, (_, wrong) in zip((("logo",), ("look", "background_picture")), pictures, strict=True):
        if merchant_file and wrong:
            all_problems.append(wrong.at(merchant_file.locate(path)))
    catalogue = Catalogue(
        merchant,
        own_entries,
        notices,
        tuple(sorted(all_problems, key=lambda problem: (problem.file, problem.line, problem.column))),
        make_theme(merchant, *(asset for asset, _ in pictures)),
        files={tag: document.file for tag, document in documents.languages.items()},
        unread=unread | {f"{MERCHANT_FILE} {name}" for name in wrong_links},
    )
    _ = catalogue.localizers  # made now, and not by the next page
    return catalogue


def _entries_of(merchant: Merchant, in_files: Entries) -> Entries:
    """The texts of ``merchant.toml`` as entries, unless a language's file has other ones."""
    entries = {(LINKS, name): text for name, text in merchant.link_texts.items()}
    if merchant.username_label:
        entries["username", merchant.username_kind] = merchant.username_label
    return {key: Entry(text, file=MERCHANT_FILE) for key, text in entries.items() if key not in in_files}


def _layers(entries: Mapping[str, Entries], tags: Collection[str]) -> tuple[Layer, ...]:
    return tuple((tag, found) for tag in dict.fromkeys(tags) if (found := _entries_in(entries, tag)))


def _entries_in(entries: Mapping[str, Entries], tag: str) -> Entries:
    """What those who read a language read: what a region (``en-GB``) does not word, its language (``en``) does."""
    return {key: entry for each in reversed(languages.served_by(tag, entries)) for key, entry in entries[each].items()}
