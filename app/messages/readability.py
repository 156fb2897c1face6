"""What makes a message hard to read for a guest. It is advice: nothing here is an error.

Reading level is measured by what can be counted honestly: the words of a sentence in languages that put spaces between
them, and, in the built-in languages, words that only those who build websites use.
"""

import re
from collections.abc import Iterator

from app.messages.problems import Problem

# English sentences are shorter than those of most languages; plain-language guides ask for 15 to 20 words.
MOST_WORDS = {"en": 20}
MOST_WORDS_ELSEWHERE = 25
_WITHOUT_SPACES = frozenset({"zh", "ja", "th", "lo", "km", "my"})
_LEAST_LETTERS = 6  # "OK" and "FAQ" are no shouting
_JARGON = {
    "en": re.compile(
        r"\b(authenticat\w*|authoriz\w*|credentials?|tokens?|invalid|servers?|time-?out|api|https?|parameters?|null)\b",
        re.IGNORECASE,
    ),
    "es": re.compile(
        r"\b(autentic\w*|autoriza(?:ción|do)|credencial\w*|tokens?|inválid\w*|servidor\w*|api|https?|parámetros?)\b",
        re.IGNORECASE,
    ),
}
_URL = re.compile(r"https?://\S+|www\.\S+|(?<![\w-])[\w-]++\.(?:com|net|org|co\.uk|es|mx)\b(?:/\S*)?", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<![.!?…。؟։।])[.!?…。؟։।]++(?:\s+|$)|\n")
_HTML = re.compile(r"</?[a-zA-Z][^<>]*>|&(?:[a-zA-Z]{2,8}|#x?[0-9a-fA-F]{1,6});")
_ODD_BRACES = re.compile(r"\{\{|\}\}|\{[^{}]{0,30}$|\{[^{}]{0,30}(?=\{)|\$\{")
_PLACEHOLDER = re.compile(r"\{\w+\}")


def readability_problems(text: str, language: str) -> Iterator[Problem]:
    """What is worth a second look in a text.

    :param language: its tag.
    """
    base = language.partition("-")[0]
    if url := _URL.search(text):
        yield Problem(
            f"There is an address in the text ({url[0][:60]}). Guests on a phone cannot tap it.",
            "Put it into [links] in merchant.toml and name the link as the next step.",
        )
    if html := _HTML.search(text):
        yield Problem(
            f"Guests read {html[0][:40]} as it is typed: a text has no HTML in it.",
            "Leave it out, or type the character itself.",
        )
    if braces := _ODD_BRACES.search(text):
        yield Problem(
            f"Guests read {braces[0][:40]} as it is typed.",
            "A word that the site fills in has one { before it and one } behind it.",
        )
    text = _URL.sub("", text)
    letters = [char for char in _PLACEHOLDER.sub("", text) if char.isalpha()]
    if len(letters) >= _LEAST_LETTERS and all(char.isupper() for char in letters):
        yield Problem(
            "It is all in capitals, which is slow to read and sounds like shouting.", "Write it in small letters."
        )
    longest = max((len(part.split()) for part in _SENTENCE_END.split(text)), default=0)
    most = MOST_WORDS.get(base, MOST_WORDS_ELSEWHERE)
    if base not in _WITHOUT_SPACES and longest > most:
        yield Problem(
            f"A sentence has {longest} words. Many guests lose the thread after {most}.",
            "Make two sentences of it: what happened, and what to do now.",
        )
    if (jargon := _JARGON.get(base)) and (word := jargon.search(text)):
        yield Problem(f"“{word[0]}” is a word that few guests know.", "Say it as you would at the table.")
