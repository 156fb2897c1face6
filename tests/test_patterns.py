"""No text can stop a process: every pattern takes linear time, whatever it runs over.

``re`` holds Python's lock while it matches, so one text over which a pattern takes long stops all threads of a worker.
All patterns of the site are found in its source; each gets texts of its own literals again and again, which is what
makes patterns go back and forth, and the texts that were found by hand.
"""

import ast
import importlib
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# How long texts are, and for how many seconds of this process's CPU each may be read. Linear patterns take a hundredth.
SHORT, LONG = (8_000, 0.25), (100_000, 1.0)
_METHODS = {"match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}
# Patterns that are made while the site runs, and why no text can make them slow.
MADE_LATER = {
    "app/usage.py: name": "escaped, so it is literal",
}
# What no repetition of a pattern's literals finds: beginnings, what is repeated, ends.
BY_HAND = [
    ("", "<!---->", "x"),
    ("", "<!---->\n", "<svg"),
    ("<!DOCTYPE svg [", "<!ENTITY a 'a'>", "x"),
    ('{ text: "a"', ", ", "b"),
    ('{ text: "a"', ",\t", "b"),
    ("{ text = ", '"a" ', "b"),
    ("{ text = ", "“a” ", "b"),
    ("a = ", '"\\"', "b"),
    ("", "a.", "="),
    ("", '"a" . ', "="),
    ("", "'a'.", "!"),
    ("", "1 ", "x"),
    ("", "12-", "x"),
    ("", "a@", "b"),
    ("", "a@b.", "@"),
    ("http://", "a.", "@"),
    ("", "aA0.", "!"),
    ("", "abcd.", "!"),
    ("", "www.", " "),
    ("", "url(#a", ")"),
    ("url(", " ", "#a"),
    ("", ".a,", "{"),
    (".a", " , .a", "!"),
    ("", "{", "}"),
    ("", "{}", "{"),
    ("", "{a", "x"),
    ("", "</a", "<"),
    ("", "&a", "<"),
    ("HTTP/1.1 200 ", "a", "\0"),
    ("a:", "\t", "\0"),
    ("", "a: b\r\n", "\0"),
    ("1", ",1", ",2"),
    ("1", " ", "2"),
    ("1;", "a", "\0"),
    ("", "\n", " "),
    ("", "\r\n", "\r"),
    ("", "<script", ">"),
    ("", '<input type="hidden"', "<"),
    ("", "/static/0", "x"),
    ("", "'", "“"),
    ("", "'''", "''"),
    ("", '"""', "''"),
    ('"""', '"', "\\"),
    ('"""', '\\"', "a"),
    ("postgresql://", "a:", "@"),
    ("postgresql://", "a@", "["),
    ("postgresql://a:", "b", "/"),
    ("group:", "a", "\n"),
    ("", "0", "x"),
    ("", "a", "\0"),
    ("", "A", "\0"),
    ("", "aA", "\0"),
    ("", "a0", "\0"),
    ("", "-", "\0"),
    ("", "_", "\0"),
    ("", "é", "\0"),
    ("", "\u00a0", "a"),
    ("", "! ", "a"),
    ("", "Invalid card 1", "x"),
]


@dataclass(frozen=True)
class Pattern:
    """A pattern, and how it is used."""

    where: str
    compiled: re.Pattern
    methods: frozenset[str]

    def run(self, text):
        text = text.encode() if isinstance(self.compiled.pattern, bytes) else text
        if "match" in self.methods:
            self.compiled.match(text)
        if "fullmatch" in self.methods:
            self.compiled.fullmatch(text)
        if self.methods - {"match", "fullmatch"}:
            for _ in self.compiled.finditer(text):
                pass


def module_of(path):
    name = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
    return importlib.import_module(name)


def is_of_re(node):
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and node.func.attr in {*_METHODS, "compile"}
    )


def flags_of(call, names):
    at = {"compile": 1, "sub": 4, "subn": 4, "split": 3}.get(call.func.attr, 2)
    given = [call.args[at]] if len(call.args) > at else [each.value for each in call.keywords if each.arg == "flags"]
    return eval(compile(ast.Expression(given[0]), "flags", "eval"), names) if given else 0


def patterns() -> Iterator[Pattern]:
    paths = [*sorted((ROOT / "app").rglob("*.py")), ROOT / "config.py"]
    paths = [path for path in paths if "migrations" not in path.parts]
    used = {}  # name of a compiled pattern -> methods that are called on it anywhere
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in _METHODS:
                owner = node.value
                used.setdefault(getattr(owner, "id", getattr(owner, "attr", "")), set()).add(node.attr)
    for path in paths:
        tree = ast.parse(path.read_text())
        assigned = {
            id(node.value): node.targets[0].id
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        for call in filter(is_of_re, ast.walk(tree)):
            names = {"re": re} | vars(module_of(path))
            short = f"{path.relative_to(ROOT)}: {ast.unparse(call.args[0])}"
            try:
                text = eval(compile(ast.Expression(call.args[0]), str(path), "eval"), names)
            except NameError:
                if short not in MADE_LATER:
                    pytest.fail(f"{short} (line {call.lineno}) is no pattern that this test can read. Name its parts.")
                continue
            methods = {call.func.attr}
            if call.func.attr == "compile":
                methods = used.get(assigned.get(id(call)), {"search"})
            where = f"{path.relative_to(ROOT)}:{call.lineno}"
            yield Pattern(where, re.compile(text, flags_of(call, names)), frozenset(methods))


PATTERNS = list(patterns())


def literals_of(pattern):
    """What a pattern names itself, in pieces; and one of each kind of character that classes stand for."""
    text = pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern
    text = re.sub(r"\(\?(?:P<\w+>|<?[=!]|[:>])", "(", text)
    pieces = re.findall(r"(?:\\[^\w]|[^\\()\[\]{}|*+?.^$\s])+|\s", re.sub(r"\\[AbBdDsSwWZ]|\{[0-9,]+\}", " ", text))
    found = [re.sub(r"\\(.)", r"\1", each) for each in pieces]
    chars = [char for each in found for char in each if not char.isalnum()]
    return list(dict.fromkeys([" ", "a", "0", *chars, *(each for each in found if len(each) > 1)]))[:14]


@contextmanager
def cpu_seconds(most):
    """Fail, instead of hanging, what takes more of this process's CPU."""

    def stop(*_):
        raise TimeoutError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, most)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def slow_texts(pattern):
    """The texts over which a pattern takes more than linear time, as what they are made of."""
    own = literals_of(pattern.compiled.pattern)
    long = [*(("", each, "\0") for each in own), *BY_HAND]
    pairs = list(product(own, own))
    short = [
        *BY_HAND,
        *((one, other, "\0") for one, other in pairs),
        *(("", one + other, "\0") for one, other in pairs),
    ]
    for (chars, most_seconds), shapes in ((SHORT, short), (LONG, long)):
        for start, again, end in shapes:
            text = start + again * (chars // len(again)) + end
            try:
                with cpu_seconds(most_seconds):
                    pattern.run(text)
            except TimeoutError:
                yield start, again, end
                return


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda each: each.where)
def test_no_text_makes_a_pattern_slow(pattern):
    assert list(slow_texts(pattern)) == [], f"{pattern.where}: {pattern.compiled.pattern!r}"
