"""All words of one moment, and the look-up of a sentence for a guest."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, lru_cache
from pathlib import PurePath
from typing import NamedTuple

from app.messages import languages
from app.messages.document import Document
from app.messages.faults import Fault, quoted
from app.messages.look import Look, SchemeName, make_look
from app.messages.merchant import FILE as MERCHANT_FILE
from app.messages.merchant import KNOWN_LINKS, Merchant, read_merchant
from app.messages.notices import Notice, read_notices
from app.messages.pictures import Asset, Trouble
from app.messages.placeholders import fill, fill_what_is_known
from app.messages.plain_text import cleaned, is_visible
from app.messages.shipped import Shipped, shipped
from app.messages.words import DEFAULT, LINKS, PAYTRONIX, SITE, Entry, Key, Vocabulary, Words, read_words

LONGEST_VENDOR_TEXT = 200
LONGEST_REFERENCE = 60
NO_WORDS = "There are no words in the language"  # begins the fault of a language that is only listed
WRONG_PASSWORD = "could_not_authenticate"  # noqa: S105 - the code for it
# Other ways to say the same (docs/paytronix.md, 3.4, 3.7 and 3.8). Who words the one words them all.
AS_WRONG_PASSWORD = frozenset({"no_matching_guests", "invalid_grant", "http:401"})
SYSTEM_ERROR = "system_error"
AS_SYSTEM_ERROR = frozenset({"system.error", "server_error", "internal_error", "temporarily_unavailable"})
# What keeps everybody out alike, and so tells a stranger nothing about one account.
TROUBLE = frozenset({SYSTEM_ERROR, "timeout", "connection", "busy", "bad_response", "credentials"})
TROUBLE |= {"http:403", "http:404", "http:429", "http:5xx"}
# Where the merchant's words come first whatever the guest's language, since they say what to do; labels only name
# things, and a name in a language that a guest cannot read is none.
_SAYING = frozenset({"", "paytronix", "site", "username"})
LAST_RESORT = "en"  # the one language in which every sentence is shipped, whatever comes
MOST_PARTS = 8  # of a dotted code that are looked at
_STATUS = re.compile(r"http:([1-5])[0-9][0-9]")
_HEADERS_REMEMBERED = 256
_CODES_REMEMBERED = 256

Layer = tuple[str, Words]  # a language, and its words from one source
NOTHING: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class Link:
    """Where a guest can go on.

    :ivar language: of its text
    """

    url: str
    text: str
    language: str

    @property
    def direction(self) -> languages.Direction:
        """Which way its text is read."""
        return languages.direction_of(self.language)


@dataclass(frozen=True, slots=True)
class Message:
    """What a guest reads in one situation. Plain text: whoever puts it on a page escapes it.

    :ivar text: never empty for a guest
    :ivar code: the entry that the words are from, such as ``one_time_password.*``, ``default`` or ``session_ended``
    :ivar language: the language of the words; another than the page's where these are missing there
    :ivar reference: Paytronix's code for guests to quote, if the merchant wants that; untrusted
    :ivar source: file and line where the words stand, such as ``messages/en.toml:6``; the built-in ones are in
        ``shipped/``. Empty for Paytronix's own text
    """

    text: str
    code: str
    language: str
    title: str | None = None
    link: Link | None = None
    reference: str | None = None
    source: str = ""

    @property
    def direction(self) -> languages.Direction:
        """Which way the words are read."""
        return languages.direction_of(self.language)


class _Spoken(NamedTuple):
    """An entry that was found, with the language that it is in and what it says here."""

    language: str
    code: str
    entry: Entry
    text: str


class Voice:
    """The merchant's words in one language.

    Where a message is looked for: the merchant's words in the guest's language, then in the programme's first
    language; then the built-in words in the guest's language, in the first language, in English. A label (all but
    Paytronix's codes, ``[site]`` and ``[username]``) is looked for in the guest's language first, the merchant's and
    then the built-in one, and only then elsewhere. An entry that has nothing to show here (a placeholder without a
    value) is passed over.

    :ivar language: tag (RFC 5646), fit for ``lang``
    :ivar name: what those who read it call the language
    :ivar direction: ``ltr`` or ``rtl``, fit for ``dir``
    """

    def __init__(
        self,
        language: str,
        own: tuple[Layer, ...],
        built_in: tuple[Layer, ...],
        merchant: Merchant,
        notices: tuple[Notice, ...],
    ) -> None:
        self.language = language
        self.name = languages.name_of(language)
        self.direction = languages.direction_of(language)
        self._own = own
        self._built_in = built_in
        self._layers = own + built_in
        self._label_layers = tuple(sorted(self._layers, key=lambda layer: layer[0] != language))  # stable
        # What was said before; these words never change. Codes are Paytronix's, so the number of them is bounded.
        self._told: dict[Key, _Spoken] = {}  # what needs no values
        self._constant = cache(lambda section, name: self._message(self._surely((section, name))))
        self._code_told = lru_cache(_CODES_REMEMBERED)(self._for_code)
        self._entry_for = lru_cache(_CODES_REMEMBERED)(self._named_for)
        self._merchant = merchant
        self._notices = notices
        self._standing: dict[str, object] = {"merchant": merchant.name}
        if merchant.phone:
            self._standing["phone"] = merchant.phone
        self._standing["username_label"] = self.username_label
        self._told.clear()  # the label's own words were found without one

    @property
    def username_label(self) -> str:
        """What the first field of the sign-in page is called: by the kind of username, in the merchant's words."""
        return self.text("username", self._merchant.username_kind)

    def paytronix(
        self, code: str, vendor_text: str | None = None, *, signing_in: bool = False, instead: str | None = None
    ) -> Message:
        """What to say to a code of Paytronix, or to a pseudo-code (``result:…``, ``http:…``, ``timeout``, …).

        1. The merchant's words for the code: for the whole code, for its part after the last dot, for all of its
           service (``one_time_password.*``) or class (``http:5xx``); all that in the guest's language, then all that
           in the programme's first language.
        2. The built-in words for the code, in the same way.
        3. Paytronix's own text, if the merchant wants that.
        4. ``default``, from the merchant, then built-in.

        So ``default`` speaks only when nobody has words for the code in any language: a sentence that says what to
        do helps more in the programme's language than "something went wrong" in one's own.

        :param code: in any case; whatever Paytronix sent.
        :param vendor_text: Paytronix's own text, untrusted.
        :param signing_in: at sign-in. Built-in words of their own then have only a wrong password and what keeps
            everybody out (``TROUBLE``). All other codes, known (``user_info.not_found``) or not (locked, disabled,
            …), read like a wrong password, so that they tell a stranger nothing (ASVS 6.3.8).
        :param instead: the code that speaks in place of one without words, ahead of 3 and 4.
        """
        shown_text = vendor_text if self._merchant.show_vendor_text else None
        message = self._code_told(code if instead is None or self.knows(code) else instead, shown_text, signing_in)
        if not self._merchant.show_code:
            return message
        return replace(message, reference=cleaned(code, longest=LONGEST_REFERENCE) or None)

    def _for_code(self, code: str, vendor_text: str | None, signing_in: bool) -> Message:
        names = _names(code)
        keys = [(PAYTRONIX, name) for name in names]
        if spoken := self._first(self._own, keys):
            return self._message(spoken)
        # The built-in words for other codes say more about an account than a stranger may know (ASVS 6.3.8).
        tells_nothing = concerns_everybody(code) or WRONG_PASSWORD in names
        if (tells_nothing or not signing_in) and (spoken := self._first(self._built_in, keys)):
            return self._message(spoken)
        if vendor_text:
            text = cleaned(vendor_text, longest=LONGEST_VENDOR_TEXT)
            if is_visible(text):
                return Message(text=text, code=names[0], language=self.language)
        if spoken := self._first(self._own, [DEFAULT]):
            return self._message(spoken)
        if signing_in:
            return self._for_code(WRONG_PASSWORD, None, False)
        return self._message(self._surely(DEFAULT))

    def knows(self, code: str) -> bool:
        """Whether anybody has words for a code of Paytronix, ``default`` apart."""
        return self._entry_for(code) is not None

    def entry_for(self, code: str) -> str | None:
        """The name of the entry that speaks for a code of Paytronix, ``default`` apart; None when nobody has words."""
        return self._entry_for(code)

    def _named_for(self, code: str) -> str | None:
        keys = [(PAYTRONIX, name) for name in _names(code)]
        spoken = self._first(self._own, keys) or self._first(self._built_in, keys)
        return spoken.code if spoken else None

    def notices(self, now: datetime, *, paytronix_is_failing: bool) -> list[Message]:
        """What the merchant wants guests to read at this moment; in the language in which there are words for it.

        :param now: aware.
        """
        due = [each for each in self._notices if each.is_due(now, paytronix_is_failing=paytronix_is_failing)]
        return [message for each in due if (message := self.notice(each))]

    def notice(self, notice: Notice) -> Message | None:
        """What a notice says, whenever it is shown; None when nothing of it can be."""
        wanted = (self.language, self._merchant.languages[0])
        closest = (tag for each in wanted for tag in languages.served_by(each, notice.entries))
        tags = dict.fromkeys((*closest, *notice.entries))
        layers = tuple((tag, {(SITE, notice.name): notice.entries[tag]}) for tag in tags if tag in notice.entries)
        spoken = self._first(layers, [(SITE, notice.name)])
        return self._message(spoken) if spoken else None

    def site(self, name: str, /, **values: object) -> Message:
        """What the site itself has to say.

        :param name: the entry's name below ``[site]``.
        :param values: for its placeholders.
        :raises KeyError: there is no such entry; a slip of ours, never of the merchant's.
        """
        return self.said(SITE, name, **values)

    def said(self, section: str, name: str, /, **values: object) -> Message:
        """Any entry, with all that is known of it.

        :raises KeyError: there is no such entry.
        """
        return self._message(self._surely((section, name), values), values) if values else self._constant(section, name)

    def text(self, section: str, name: str, /, **values: object) -> str:
        """A label, a heading, a button.

        :raises KeyError: there is no such entry; a slip of ours, never of the merchant's.
        """
        return self._surely((section, name), values).text

    def link(self, name: str) -> Link | None:
        """A link of the merchant's with what it says in this language; None when it has no address."""
        url = self._merchant.links.get(name)
        if url is None:
            return None
        key = (LINKS, name)
        spoken = self._told.get(key) or self._first(self._label_layers, [key])
        if spoken is None:
            return Link(url, url.partition(":")[2].strip("/"), self.language)
        self._told[key] = spoken
        return Link(url, spoken.text, spoken.language)

    def _surely(self, key: Key, values: Mapping[str, object] = NOTHING) -> _Spoken:
        """What an entry says, with what has no value left as typed rather than said not at all."""
        if not values and (told := self._told.get(key)):
            return told
        layers = self._layers if key[0] in _SAYING else self._label_layers
        if spoken := self._first(layers, [key], values):
            if not values:
                self._told[key] = spoken
            return spoken
        for language, words in reversed(self._layers):
            if entry := words.get(key):
                return _Spoken(language, key[1], entry, fill_what_is_known(entry.text, {**self._standing, **values}))
        raise KeyError(f"there are no built-in words named {key[1]!r} in [{key[0]}]")

    def _first(
        self, layers: tuple[Layer, ...], keys: list[Key], values: Mapping[str, object] = NOTHING
    ) -> _Spoken | None:
        """What is said by the first entry that has something to show."""
        for language, words in layers:
            for key in keys:
                if entry := words.get(key):
                    text = fill(entry.text, {**self._standing, **values} if values else self._standing)
                    if text is not None and is_visible(text):
                        return _Spoken(language, key[1], entry, text)
        return None

    def _message(self, spoken: _Spoken, values: Mapping[str, object] = NOTHING) -> Message:
        language, code, entry, text = spoken
        return Message(
            text=text,
            code=code,
            language=language,
            title=fill(entry.title, {**self._standing, **values}) if entry.title else None,
            link=self.link(entry.link) if entry.link else None,
            source=f"{entry.file}:{entry.line}",
        )


@dataclass(frozen=True)
class Unread:
    """What stands in the folder and could not be read. Nobody can say that it is missing.

    :ivar files: those of which nothing could be read
    :ivar names: file → the names that its broken lines may have held
    """

    files: frozenset[str] = frozenset()
    names: Mapping[str, frozenset[str]] = field(default_factory=dict)


class Catalogue:
    """All words of one moment, and the look. Never changes; the next moment has its own.

    :ivar merchant: who the merchant is; its languages are those that guests can get
    :ivar look: how the pages look
    :ivar voices: one for each language, the programme's first language in front
    :ivar faults: what is wrong with the folder
    :ivar own_words: the merchant's entries by language, also of languages that guests cannot get
    :ivar notices: all of them, also those that are over
    :ivar files: language → its file
    """

    def __init__(
        self,
        merchant: Merchant,
        own_words: Mapping[str, Words],
        built_in: Shipped,
        notices: tuple[Notice, ...],
        faults: tuple[Fault, ...],
        *,
        look: Look,
        files: Mapping[str, str] | None = None,
        unread: "Unread | None" = None,
    ) -> None:
        self.files = files or {}
        self._unread = unread or Unread()
        self._built_in = built_in
        self.merchant = merchant
        self.look = look
        self.own_words = own_words
        self.notices = notices
        self.faults = faults
        first = merchant.languages[0]
        self.voices = tuple(
            Voice(
                tag,
                own=_layers(own_words, (tag, first)),
                built_in=_layers(built_in.words, (tag, first, LAST_RESORT)),
                merchant=merchant,
                notices=notices,
            )
            for tag in merchant.languages
        )
        self._voice_of = {voice.language.lower(): voice for voice in self.voices}
        self._negotiated = lru_cache(_HEADERS_REMEMBERED)(self._negotiate)

    def words_in(self, language: str) -> Words:
        """The merchant's entries that guests of a language read, those for a wider language included."""
        return _words_in(self.own_words, language)

    def with_entries(self, key: Key, entries: Mapping[str, Entry | None]) -> "Catalogue":
        """The same but for one entry, in some languages; None where it has no words of the merchant's.

        Costs little, also beside hundreds of entries: what has been read is not read again.
        """
        own_words = dict(self.own_words)
        for tag, entry in entries.items():
            words = {other: words for other, words in own_words.get(tag, {}).items() if other != key}
            own_words[tag] = {**words, key: entry} if entry else words
        return self._changed(own_words=own_words)

    def in_scheme(self, name: SchemeName) -> "Catalogue":
        """The same, light or dark whatever devices are set to."""
        return self._changed(look=self.look.in_scheme(name))

    def _changed(self, *, own_words: Mapping[str, Words] | None = None, look: Look | None = None) -> "Catalogue":
        return Catalogue(
            self.merchant,
            self.own_words if own_words is None else own_words,
            self._built_in,
            self.notices,
            self.faults,
            look=look or self.look,
            files=self.files,
            unread=self._unread,
        )

    def is_unread(self, file: str, name: str) -> bool:
        """Whether a name may stand in a file, in a line that could not be read: then it is missing for now only."""
        return name in self._unread.names.get(file, ()) or file in self._unread.files

    def voice(self, language: str) -> Voice | None:
        """The words in one language, or None when guests cannot get it.

        :param language: a tag in any case, or anything else.
        """
        return self._voice_of.get(language.lower())

    def negotiate(self, accept_language: str | None, chosen: str | None = None) -> Voice:
        """The words for a guest.

        :param accept_language: the browser's header, whatever is in it.
        :param chosen: the language that the guest has chosen on the site; counts if it can be had.
        """
        if chosen and (voice := self.voice(chosen)):
            return voice
        if not accept_language:
            return self.voices[0]
        return self._negotiated(accept_language[: languages.LONGEST_HEADER])

    def _negotiate(self, accept_language: str) -> Voice:
        tag = languages.negotiate(accept_language, self.merchant.languages)
        return self._voice_of[tag.lower()] if tag else self.voices[0]


def compose(
    merchant_file: Document | None,
    language_files: Mapping[str, Document],
    faults: tuple[Fault, ...],
    notices_file: Document | None = None,
    picture: Callable[[str], tuple[Asset | None, Trouble | None]] = lambda _: (None, None),
) -> Catalogue:
    """Put the words and the look of one moment together.

    :param merchant_file: ``merchant.toml``, or None when it cannot be used.
    :param language_files: tag → the language's file, where it can be used.
    :param faults: what is wrong already.
    :param picture: a picture of the folder, and what is wrong with it.
    """
    built_in = shipped()
    merchant, merchant_faults = read_merchant(merchant_file) if merchant_file else (Merchant(), ())
    left_out = _unread_links(merchant_file, merchant) if merchant_file else frozenset()
    vocabulary = Vocabulary(built_in.vocabulary.sections, {*KNOWN_LINKS, *merchant.links, *left_out})
    notices, notice_faults = read_notices(notices_file, vocabulary.links) if notices_file else ((), ())
    own_words: dict[str, dict[Key, Entry]] = {}
    language_faults: list[Fault] = []
    for tag, document in language_files.items():
        words, found = read_words(document, vocabulary)
        own_words[tag] = dict(words)
        language_faults += found

    can_be_had = [*built_in.words, *(tag for tag in sorted(language_files) if tag not in built_in.words)]
    wanted = [tag for tag in merchant.languages if languages.served_by(tag, can_be_had)]
    documents = [each for each in (merchant_file, notices_file, *language_files.values()) if each]
    unread = Unread(
        files=frozenset(fault.file for fault in faults) - {each.file for each in documents},
        names={each.file: each.left_out for each in documents} | {MERCHANT_FILE: left_out},
    )
    tags_of_broken_files = {languages.tag_of(PurePath(file).stem) for file in unread.files}
    for tag in merchant.languages:
        if merchant_file and tag not in wanted and tag not in tags_of_broken_files:
            problem = f"{NO_WORDS} {quoted(tag)}."
            instead = f"Write some, in the console or in a file messages/{tag}.toml, or take it out of the list."
            language_faults.append(merchant_file.fault(("languages",), problem, instead))
    merchant = replace(merchant, languages=tuple(wanted or can_be_had))

    # What merchant.toml says in words, it says in the programme's first language.
    first_words = own_words.setdefault(merchant.languages[0], {})
    in_files = _words_in(own_words, merchant.languages[0])
    for name, text in merchant.link_texts.items():
        if (LINKS, name) not in in_files:
            first_words[LINKS, name] = Entry(text, file=MERCHANT_FILE)
    if merchant.username_label and ("username", merchant.username_kind) not in in_files:
        first_words["username", merchant.username_kind] = Entry(merchant.username_label, file=MERCHANT_FILE)

    pictures: dict[str, Asset | None] = {}
    for path, file in ((("logo",), merchant.logo), (("look", "background_picture"), merchant.background_picture)):
        if merchant_file and file:
            pictures[path[-1]], trouble = picture(file)
            if trouble:
                language_faults.append(merchant_file.fault(path, *trouble))
    look = make_look(merchant, pictures.get("logo"), pictures.get("background_picture"))
    all_faults = sorted(
        (*faults, *merchant_faults, *language_faults, *notice_faults), key=lambda f: (f.file, f.line, f.column)
    )
    files = {tag: document.file for tag, document in language_files.items()}
    return Catalogue(merchant, own_words, built_in, notices, tuple(all_faults), look=look, files=files, unread=unread)


def _unread_links(merchant_file: Document, merchant: Merchant) -> frozenset[str]:
    """The names that a fault in ``merchant.toml`` may have cost, those of links with a wrong address too."""
    links = merchant_file.values.get("links")
    return merchant_file.left_out | (
        frozenset(links) - merchant.links.keys() if isinstance(links, dict) else frozenset()
    )


def _layers(words: Mapping[str, Words], tags: Collection[str]) -> tuple[Layer, ...]:
    return tuple((tag, found) for tag in dict.fromkeys(tags) if (found := _words_in(words, tag)))


def _words_in(words: Mapping[str, Words], tag: str) -> Words:
    """What those who read a language read: what a region (``en-GB``) does not word, its language (``en``) does."""
    return {key: entry for each in reversed(languages.served_by(tag, words)) for key, entry in words[each].items()}


def concerns_everybody(code: str) -> bool:
    """Whether a code says that nobody can sign in, and so nothing about one account."""
    return not TROUBLE.isdisjoint(_names(code))


def _names(code: str) -> list[str]:
    """Under which names words for a code are looked for, the closest first."""
    code = code.strip().lower()
    last = code.rpartition(".")[2]
    names = [code, last] if last != code else [code]
    if last in AS_WRONG_PASSWORD:
        names.append(WRONG_PASSWORD)
    if last in AS_SYSTEM_ERROR or ".".join(code.split(".")[-2:]) in AS_SYSTEM_ERROR:
        names.append(SYSTEM_ERROR)
    parts = code.split(".", MOST_PARTS)
    names += [".".join(parts[:count]) + ".*" for count in range(len(parts) - 1, 0, -1)]
    if status := _STATUS.fullmatch(code):
        names.append(f"http:{status[1]}xx")
    return names
