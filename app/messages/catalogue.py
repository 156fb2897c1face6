"""All words of one moment, in every language, and the look."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import PurePath

from app.messages import languages
from app.messages.builtin import BuiltIn, builtin
from app.messages.document import Document
from app.messages.entries import LINKS, Entries, Entry, Key, Vocabulary, read_entries
from app.messages.localizer import Layer, Localizer
from app.messages.merchant import FILE as MERCHANT_FILE
from app.messages.merchant import KNOWN_LINKS, Merchant, read_merchant
from app.messages.notices import Notice, read_notices
from app.messages.pictures import Asset
from app.messages.problems import Problem, quoted
from app.messages.theme import SchemeName, Theme, make_theme

NO_WORDS = "There are no words in the language"  # begins the problem of a language that is only listed
LAST_RESORT = "en"  # the one language in which every sentence is shipped, whatever comes
_HEADERS_REMEMBERED = 256


class Catalogue:
    """All words of one moment, and the look. Never changes; the next moment has its own.

    :ivar merchant: who the merchant is; its languages are those that guests can get
    :ivar theme: how the pages look
    :ivar localizers: one for each language, the programme's first language in front
    :ivar problems: what is wrong with the folder
    :ivar own_entries: the merchant's entries by language, also of languages that guests cannot get
    :ivar notices: all of them, also those that are over
    :ivar files: language → its file
    """

    def __init__(
        self,
        merchant: Merchant,
        own_entries: Mapping[str, Entries],
        built_in: BuiltIn,
        notices: tuple[Notice, ...],
        problems: tuple[Problem, ...],
        *,
        theme: Theme,
        files: Mapping[str, str] | None = None,
        unread: Collection[str] = (),
    ) -> None:
        self.files = files or {}
        self._unread = unread
        self._built_in = built_in
        self.merchant = merchant
        self.theme = theme
        self.own_entries = own_entries
        self.notices = notices
        self.problems = problems
        first = merchant.languages[0]
        self.localizers = tuple(
            Localizer(
                tag,
                own=_layers(own_entries, (tag, first)),
                built_in=_layers(built_in.entries, (tag, first, LAST_RESORT)),
                merchant=merchant,
                notices=notices,
            )
            for tag in merchant.languages
        )
        self._localizer_of = {localizer.language.lower(): localizer for localizer in self.localizers}
        self._negotiated = lru_cache(_HEADERS_REMEMBERED)(self._negotiate)

    def entries_in(self, language: str) -> Entries:
        """The merchant's entries that guests of a language read, those for a wider language included."""
        return _words_in(self.own_entries, language)

    def with_entries(self, key: Key, entries: Mapping[str, Entry | None]) -> "Catalogue":
        """The same but for one entry, in some languages; None where it has no words of the merchant's.

        Costs little, also beside hundreds of entries: what has been read is not read again.
        """
        own_entries = dict(self.own_entries)
        for tag, entry in entries.items():
            words = {other: words for other, words in own_entries.get(tag, {}).items() if other != key}
            own_entries[tag] = {**words, key: entry} if entry else words
        return self._changed(own_entries=own_entries)

    def in_scheme(self, name: SchemeName) -> "Catalogue":
        """The same, light or dark whatever devices are set to."""
        return self._changed(theme=self.theme.in_scheme(name))

    def _changed(self, *, own_entries: Mapping[str, Entries] | None = None, theme: Theme | None = None) -> "Catalogue":
        return Catalogue(
            self.merchant,
            self.own_entries if own_entries is None else own_entries,
            self._built_in,
            self.notices,
            self.problems,
            theme=theme or self.theme,
            files=self.files,
            unread=self._unread,
        )

    def file_of(self, language: str) -> str:
        """The file of a language, or the one that it would have."""
        return self.files.get(language, f"messages/{language}.toml")

    def is_unread(self, file: str, link: str = "") -> bool:
        """Whether a problem is told already in place of what is missing: of the whole file, or of a link's address."""
        return file in self._unread or f"{file} {link}" in self._unread

    def localizer(self, language: str) -> Localizer | None:
        """The words in one language, or None when guests cannot get it.

        :param language: a tag in any case, or anything else.
        """
        return self._localizer_of.get(language.lower())

    def negotiate(self, accept_language: str | None, chosen: str | None = None) -> Localizer:
        """The words for a guest.

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


def compose(
    merchant_file: Document | None,
    language_files: Mapping[str, Document],
    problems: tuple[Problem, ...],
    notices_file: Document | None = None,
    picture: Callable[[str], tuple[Asset | None, Problem | None]] = lambda _: (None, None),
) -> Catalogue:
    """Put the words and the look of one moment together.

    :param merchant_file: ``merchant.toml``, or None when it cannot be used.
    :param language_files: tag → the language's file, where it can be used.
    :param problems: what is wrong already.
    :param picture: a picture of the folder, and what is wrong with it.
    """
    built_in = builtin()
    merchant, merchant_problems = read_merchant(merchant_file) if merchant_file else (Merchant(), ())
    given = merchant_file.values.get("links") if merchant_file else None
    wrong_links = set(given) - merchant.links.keys() if isinstance(given, dict) else set()
    vocabulary = Vocabulary(built_in.vocabulary.sections, {*KNOWN_LINKS, *merchant.links, *wrong_links})
    notices, notice_problems = read_notices(notices_file, vocabulary.links) if notices_file else ((), ())
    own_entries: dict[str, dict[Key, Entry]] = {}
    language_problems: list[Problem] = []
    for tag, document in language_files.items():
        words, found = read_entries(document, vocabulary)
        own_entries[tag] = dict(words)
        language_problems += found

    can_be_had = [*built_in.entries, *(tag for tag in sorted(language_files) if tag not in built_in.entries)]
    wanted = [tag for tag in merchant.languages if languages.served_by(tag, can_be_had)]
    documents = [each for each in (merchant_file, notices_file, *language_files.values()) if each]
    unread = {problem.file for problem in problems} - {each.file for each in documents}
    tags_of_broken_files = {languages.language_tag(PurePath(file).stem) for file in unread}
    unread |= {f"{MERCHANT_FILE} {name}" for name in wrong_links}
    for tag in merchant.languages:
        if merchant_file and tag not in wanted and tag not in tags_of_broken_files:
            description = f"{NO_WORDS} {quoted(tag)}."
            suggestion = f"Write some, in the console or in a file messages/{tag}.toml, or take it out of the list."
            language_problems.append(Problem(description, suggestion).at(merchant_file.locate(("languages",))))
    merchant = replace(merchant, languages=tuple(wanted or can_be_had))

    # What merchant.toml says in words, it says in the programme's first language.
    first_words = own_entries.setdefault(merchant.languages[0], {})
    in_files = _words_in(own_entries, merchant.languages[0])
    for name, text in merchant.link_texts.items():
        if (LINKS, name) not in in_files:
            first_words[LINKS, name] = Entry(text, file=MERCHANT_FILE)
    if merchant.username_label and ("username", merchant.username_kind) not in in_files:
        first_words["username", merchant.username_kind] = Entry(merchant.username_label, file=MERCHANT_FILE)

    pictures: dict[str, Asset | None] = {}
    for path, file in ((("logo",), merchant.logo), (("look", "background_picture"), merchant.background_picture)):
        if merchant_file and file:
            pictures[path[-1]], problem = picture(file)
            if problem:
                language_problems.append(problem.at(merchant_file.locate(path)))
    theme = make_theme(merchant, pictures.get("logo"), pictures.get("background_picture"))
    all_problems = sorted(
        (*problems, *merchant_problems, *language_problems, *notice_problems), key=lambda f: (f.file, f.line, f.column)
    )
    files = {tag: document.file for tag, document in language_files.items()}
    return Catalogue(
        merchant, own_entries, built_in, notices, tuple(all_problems), theme=theme, files=files, unread=unread
    )


def _layers(words: Mapping[str, Entries], tags: Collection[str]) -> tuple[Layer, ...]:
    return tuple((tag, found) for tag in dict.fromkeys(tags) if (found := _words_in(words, tag)))


def _words_in(words: Mapping[str, Entries], tag: str) -> Entries:
    """What those who read a language read: what a region (``en-GB``) does not word, its language (``en``) does."""
    return {key: entry for each in reversed(languages.served_by(tag, words)) for key, entry in words[each].items()}
