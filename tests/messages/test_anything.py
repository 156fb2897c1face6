"""Whatever is in the folder, the loader does not fail and no page is without words."""

import tomllib

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.messages.builtin import builtin
from app.messages.catalogue import compose
from app.messages.check import check
from app.messages.document import Document, parse
from app.messages.documents import Documents
from app.messages.languages import language_tag
from app.messages.plain_text import is_visible
from app.messages.positions import positions
from app.messages.problems import Problem

quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

KNOWN_NAMES = [
    "default",
    "paytronix",
    "site",
    "login",
    "links",
    "username",
    "busy",
    "text",
    "title",
    "link",
    "help",
    "name",
    "languages",
    "look",
    "brand",
    "logo",
    "phone",
    "kind",
    "label",
    "could_not_authenticate",
    "url",
    "x.*",
]
NAMES = st.sampled_from(KNOWN_NAMES) | st.text(max_size=8)
TEXTS = st.text(max_size=40) | st.sampled_from(["{merchant}", "{phone}", "{{config}}<script>", "help", "en", "#fff"])
LEAVES = TEXTS | st.booleans() | st.integers() | st.floats() | st.dates() | st.datetimes() | st.times()
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4))
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=6)


def every_word(catalogue):
    everything = [("site", name) for name in builtin().vocabulary.sections["site"]]
    for localizer in catalogue.localizers:
        for _, name in everything:
            message = localizer.site(name)
            yield message.text
            if message.link:
                yield message.link.text
        for section in ("login", "account", "error", "username"):
            for name in builtin().vocabulary.sections[section]:
                yield localizer.text(section, name)
        for code in ("could_not_authenticate", "x.y", "http:503", "busy", "name"):
            yield localizer.paytronix(code, "vendor", signing_in=True).text


@quick
@given(merchant=DOCUMENTS, words=DOCUMENTS)
def test_random_documents_leave_every_page_its_words(merchant, words):
    catalogue = compose(
        Documents(Document("merchant.toml", "", merchant), {"en": Document("messages/en.toml", "", words)})
    )
    assert all(is_visible(text) for text in every_word(catalogue))
    assert all(str(fault).isprintable() and fault.suggestion for fault in catalogue.problems)


@quick
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_random_bytes_are_a_document_or_a_fault(content):
    document = parse("messages/en.toml", content)
    if isinstance(document, Problem):
        assert document.line >= 1
        assert document.column >= 1
        assert str(document).isprintable()
    else:
        compose(Documents(languages={"en": document}))


ALMOST_TOML = st.lists(
    st.sampled_from(
        [
            '"',
            "'",
            '"""',
            "'''",
            "[",
            "]",
            "{",
            "}",
            "=",
            ".",
            ",",
            "\n",
            " ",
            "#",
            "\\",
            "“",
            "site",
            "busy",
            "5",
            "true",
        ]
    ),
    max_size=30,
).map("".join)


@quick
@given(text=ALMOST_TOML)
def test_what_looks_like_toml_is_a_document_or_a_fault_that_says_what_to_do(text):
    document = parse("messages/en.toml", text.encode())
    if isinstance(document, Problem):
        assert document.description.endswith(".")
        assert document.suggestion
        assert document.line <= text.count("\n") + 1
    positions(text)


LONG = "~~~~~~~~"  # longer than any name of SCALARS, so that no name is there twice


def written(table):
    """A table as TOML, one name a line."""

    def text(string):
        return '"' + "".join(f"\\U{ord(char):08X}" for char in string) + '"'

    lines, expected = [], {}
    for section, entries in table.items():
        lines += ["", f"[{text(section)}] # [remark]"]
        expected[(section,)] = len(lines)
        for name, value in entries.items():
            lines.append(f"  {text(name)} = {{ text = {text(value)}, x = ['=', \"\\\"\", [1, 2]] }} # a = 'b")
            expected[(section, name)] = len(lines)
            lines += [f"{text(name + LONG)} = '''", "[none]", f"a = {value!a}".replace("'", " "), "'''"]
            expected[(section, name + LONG)] = len(lines) - 3
    return "\n".join(lines), expected


SCALARS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


@quick
@given(table=st.dictionaries(SCALARS, st.dictionaries(SCALARS, SCALARS, max_size=3), max_size=3))
def test_the_place_of_every_name_is_the_line_that_it_stands_on(table):
    text, expected = written(table)
    tomllib.loads(text)
    found = {path: line for path, (line, _) in positions(text).items()}
    assert found == expected


@quick
@given(header=st.text(max_size=300), chosen=st.none() | st.text(max_size=20))
def test_any_header_gets_a_voice(header, chosen):
    assert compose(Documents()).negotiate(header, chosen).language in {"en", "es"}


@quick
@given(text=st.text(max_size=40))
def test_the_language_tag_of_a_tag_is_that_tag(text):
    tag = language_tag(text)
    assert tag is None or language_tag(tag) == tag


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(merchant=st.binary(max_size=100), english=st.binary(max_size=100))
def test_a_folder_of_random_files_can_be_checked(folder, merchant, english):
    folder.write("merchant.toml", merchant).english(english)
    assert check(folder.path).languages
