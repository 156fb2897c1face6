"""The messages in one language, and how the one for a situation is looked up."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from app.messages import languages
from app.messages.codes import AFTER_SIGN_IN, WRONG_PASSWORD, concerns_everybody, names_of
from app.messages.entries import DEFAULT, LINKS, PAYTRONIX, SITE, Entries, Entry, Key
from app.messages.merchant import Merchant
from app.messages.notices import Notice
from app.messages.placeholders import fill, fill_what_is_known
from app.messages.plain_text import cleaned, is_visible
from app.messages.situations import followed_by

LONGEST_VENDOR_TEXT = 200
LONGEST_REFERENCE = 60
# Where the merchant's message comes first whatever the guest's language, since it says what to do; labels only name
# things, and a name in a language that a guest cannot read is none.
_SAYING = frozenset({"", "paytronix", "site", "username"})
_CODES_REMEMBERED = 256

Layer = tuple[str, Entries]  # a language, and its entries from one source
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
    :ivar code: the entry that it stands for, such as ``one_time_password.*``, ``default`` or ``session_ended``
    :ivar next_step: the name of its link, which may have no address
    :ivar entry: the entry whose words these are: another one where the words of the situation are read
    :ivar language: its language; another than the page's where there is none
    :ivar reference: Paytronix's code for guests to quote, if the merchant wants that; untrusted
    :ivar source: file and line where it stands, such as ``messages/en.toml:6``; the built-in ones are in
        ``builtin/``. Empty for Paytronix's own text
    """

    text: str
    code: str
    language: str
    title: str | None = None
    link: Link | None = None
    reference: str | None = None
    source: str = ""
    next_step: str | None = None
    entry: Key | None = None

    @property
    def direction(self) -> languages.Direction:
        """Which way it is read."""
        return languages.direction_of(self.language)


class Localizer:
    """All messages in one language.

    Where a message is looked for: the merchant's in the guest's language, then in the programme's first
    language; then the built-in one in the guest's language, in the first language, in English. A label (all but
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
        # What needs no values of a page is made once. Codes are Paytronix's, so the number of them is bounded.
        self._made: dict[Key, Message] = {}
        self._made_for_code = lru_cache(_CODES_REMEMBERED)(self._for_code)
        self._entry_for = lru_cache(_CODES_REMEMBERED)(self._named_for)
        self._merchant = merchant
        self._notices = notices
        self._values: dict[str, object] = {"merchant": merchant.name}
        if merchant.phone:
            self._values["phone"] = merchant.phone
        self._values["username_label"] = self.username_label
        self._made.clear()  # the label itself was found without one

    @property
    def username_label(self) -> str:
        """What the first field of the sign-in page is called: by the kind of username."""
        return self.text("username", self._merchant.username_kind)

    def paytronix(
        self, code: str, vendor_text: str | None = None, *, signing_in: bool = False, instead: str | None = None
    ) -> Message:
        """What to say to a code of Paytronix, or to a pseudo-code (``result:…``, ``http:…``, ``timeout``, …).

        1. The merchant's message for the code: for the whole code, for its part after the last dot, for all of its
           service (``one_time_password.*``) or class (``http:5xx``), for its situation (``situations.py``);
           all that in the guest's language, then all that in the programme's first language.
        2. The built-in message for the code, in the same way.
        3. Paytronix's own text, if the merchant wants that.
        4. ``default``, from the merchant, then built-in.

        So ``default`` is used only when there is no message for the code in any language: one that says what to
        do helps more in the programme's language than "something went wrong" in one's own.

        :param code: in any case; whatever Paytronix sent.
        :param vendor_text: Paytronix's own text, untrusted.
        :param signing_in: at sign-in. Built-in messages of their own then have only a wrong password and what keeps
            everybody out (``TROUBLE``). All other codes, known (``user_info.not_found``) or not (locked, disabled,
            …), read like a wrong password, so that they tell a stranger nothing (ASVS 6.3.8).
        :param instead: the code whose message is used for one without, ahead of 3 and 4.
        """
        shown_text = vendor_text if self._merchant.show_vendor_text else None
        message = self._made_for_code(code if instead is None or self.knows(code) else instead, shown_text, signing_in)
        if not self._merchant.show_code:
            return message
        return replace(message, reference=cleaned(code, longest=LONGEST_REFERENCE) or None)

    def as_met(self, code: str) -> Message:
        """What guests read where they meet a code: at the sign-in page, unless it is met only after it."""
        return self.paytronix(code, signing_in=not AFTER_SIGN_IN.match(code))

    def _for_code(self, code: str, vendor_text: str | None, signing_in: bool) -> Message:
        names = names_of(code)
        keys = [(PAYTRONIX, name) for name in names]
        # What nobody has worded for this very code may say more about an account than a stranger may know (ASVS 6.3.8).
        may_tell = not signing_in or concerns_everybody(code) or WRONG_PASSWORD in names
        of_situation = next(filter(None, map(followed_by, keys)), ()) if may_tell else ()
        if message := self._first(self._own, [*keys, *of_situation]):
            return message if message.code in names else replace(message, code=names[0])
        if may_tell and (message := self._first(self._built_in, keys)):
            return message
        if vendor_text:
            text = cleaned(vendor_text, longest=LONGEST_VENDOR_TEXT)
            if is_visible(text):
                return Message(text=text, code=names[0], language=self.language)
        if message := self._first(self._own, [DEFAULT]):
            return message
        return self._for_code(WRONG_PASSWORD, None, False) if signing_in else self.message(*DEFAULT)

    def knows(self, code: str) -> bool:
        """Whether there is a message for a code of Paytronix, ``default`` apart."""
        return self._entry_for(code) is not None

    def entry_for(self, code: str) -> str | None:
        """The name of the entry for a code of Paytronix, ``default`` apart; None when there is none."""
        return self._entry_for(code)

    def _named_for(self, code: str) -> str | None:
        message = self._first(self._layers, [(PAYTRONIX, name) for name in names_of(code)])
        return message.code if message else None

    def notices(self, now: datetime, *, paytronix_is_failing: bool) -> list[Message]:
        """What the merchant wants guests to read at this moment; in the language in which there is a text.

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
        return self._first(layers, [(SITE, notice.name)])

    def site(self, name: str, /, **values: object) -> Message:
        """What the site itself has to say.

        :param name: the entry's name below ``[site]``.
        :param values: for its placeholders.
        :raises KeyError: there is no such entry; a slip of ours, never of the merchant's.
        """
        return self.message(SITE, name, **values)

    def message(self, section: str, name: str, /, **values: object) -> Message:
        """Any entry, with all that is known of it.

        :raises KeyError: there is no such entry.
        """
        key = section, name
        if values:
            return self._make(key, values)
        if key not in self._made:
            self._made[key] = self._make(key)
        return self._made[key]

    def text(self, section: str, name: str, /, **values: object) -> str:
        """A label, a heading, a button.

        :raises KeyError: there is no such entry; a slip of ours, never of the merchant's.
        """
        if not values and (made := self._made.get((section, name))):
            return made.text
        return self.message(section, name, **values).text

    def link(self, name: str) -> Link | None:
        """A link of the merchant's with what it says in this language; None when it has no address."""
        url = self._merchant.links.get(name)
        if url is None:
            return None
        key = LINKS, name
        message = self._made.get(key) or self._first(self._label_layers, [key])
        if message is None:
            return Link(url, url.partition(":")[2].strip("/"), self.language)
        self._made[key] = message
        return Link(url, message.text, message.language)

    def _make(self, key: Key, values: Mapping[str, object] = NOTHING) -> Message:
        """What an entry says; what has no value is left as typed rather than left out."""
        if (of_situation := followed_by(key)) and (own := self._first(self._own, [key, *of_situation], values)):
            return replace(own, code=key[1])
        if message := self._first(self._layers if key[0] in _SAYING else self._label_layers, [key], values):
            return message
        for language, entries in reversed(self._layers):
            if entry := entries.get(key):
                known = {**self._values, **values}
                return self._message_of(entry, key, language, fill_what_is_known(entry.text, known), known)
        raise KeyError(f"there is no built-in message named {key[1]!r} in [{key[0]}]")

    def _first(
        self, layers: tuple[Layer, ...], keys: list[Key], values: Mapping[str, object] = NOTHING
    ) -> Message | None:
        """What the first entry says that has something to show."""
        known = {**self._values, **values} if values else self._values
        for language, entries in layers:
            for key in keys:
                if (entry := entries.get(key)) and (text := fill(entry.text, known)) and is_visible(text):
                    return self._message_of(entry, key, language, text, known)
        return None

    def _message_of(self, entry: Entry, key: Key, language: str, text: str, known: Mapping[str, object]) -> Message:
        return Message(
            text=text,
            code=key[1],
            language=language,
            title=fill(entry.title, known) if entry.title else None,
            link=self.link(entry.link) if entry.link else None,
            source=f"{entry.file}:{entry.line}",
            next_step=entry.link,
            entry=key,
        )
