"""Every sentence that a guest can read is the merchant's to change: none stands in a template or in the code."""

import ast
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "templates").glob("*.html"))  # of guests; the console speaks for itself
# health.py speaks to balancers only.
RENDERING = sorted(
    {*(ROOT / "app/views").glob("*.py"), ROOT / "app/web/error_pages.py"} - {ROOT / "app/views/health.py"}
)

LETTER = re.compile(r"[^\W\d_]")
NAME = re.compile(r"[a-z0-9_.:/-]*")  # of an entry, a field, a route, a file: nothing that a guest reads
SENTENCE = re.compile(r"[^\W\d_]{2,}[,;:]? [^\W\d_]{2,}")
ATTRIBUTES = re.compile(r'(?:\s+[a-z-]+="[^"]*")+\s*')
READ_ATTRIBUTES = {
    "alt",
    "title",
    "aria-label",
    "aria-description",
    "aria-placeholder",
    "placeholder",
    "label",
    "summary",
}
BUTTONS = {"submit", "button", "reset"}
ANSWERS = {"Response", "make_response", "flash", "abort"}
UNSEEN_CALLS = {"warning", "info", "error", "critical", "debug", "compile"}


class _Readable(HTMLParser):
    """The words in a page that somebody could read, see or hear."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)
        self.close()

    def handle_data(self, data):
        if ATTRIBUTES.fullmatch(data):  # a macro that goes into a tag
            self.found += _Readable(f"<p{data}>").found
        elif LETTER.search(data):
            self.found.append(data.strip())

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        is_button = tag == "input" and given.get("type") in BUTTONS
        self.found += [
            value
            for name, value in attributes
            if value and LETTER.search(value) and (name in READ_ATTRIBUTES or (name == "value" and is_button))
        ]


def _visible_constants(node):
    """Literals that an expression puts onto the page as they are."""
    if isinstance(node, nodes.Const):
        return str(node.value) if isinstance(node.value, str) else ""
    if isinstance(node, nodes.TemplateData):
        return node.data
    if isinstance(node, nodes.CondExpr):
        return "".join(_visible_constants(part) for part in (node.expr1, node.expr2) if part)
    if isinstance(node, nodes.Or | nodes.And | nodes.Add):
        return _visible_constants(node.left) + _visible_constants(node.right)
    if isinstance(node, nodes.Concat | nodes.Output):
        return "".join(_visible_constants(part) for part in node.nodes)
    return ""


def sentences_of_template(text):
    """What a guest can read in a template and no merchant can change."""
    tree = Environment(autoescape=True).parse(text)
    page = "".join(_visible_constants(output) for output in tree.find_all(nodes.Output))
    visible = {id(const) for output in tree.find_all(nodes.Output) for const in _shown(output)}
    hidden = [const.value for const in tree.find_all(nodes.Const) if id(const) not in visible]
    return _Readable(page).found + [each for each in hidden if isinstance(each, str) and not NAME.fullmatch(each)]


def _shown(node):
    if isinstance(node, nodes.Const):
        yield node
    elif isinstance(node, nodes.CondExpr):
        for part in filter(None, (node.expr1, node.expr2)):
            yield from _shown(part)
    elif isinstance(node, nodes.Or | nodes.And | nodes.Add):
        yield from _shown(node.left)
        yield from _shown(node.right)
    elif isinstance(node, nodes.Concat | nodes.Output):
        for part in node.nodes:
            yield from _shown(part)


def sentences_of_code(text):
    """Literals of a module that look like a sentence, or that are answered as they are."""
    tree = ast.parse(text)
    unseen = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):  # a docstring
            unseen.add(id(node.value))
        is_told_elsewhere = isinstance(node, ast.Raise) or (
            isinstance(node, ast.Call) and getattr(node.func, "attr", "") in UNSEEN_CALLS
        )
        is_told_elsewhere |= isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).count("headers[") > 0
        if is_told_elsewhere:
            unseen |= {id(inner) for inner in ast.walk(node)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in unseen:
            found += [node.value] if SENTENCE.search(node.value) else []
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ANSWERS and node.args:
            found += [
                inner.value
                for inner in ast.walk(node.args[0])
                if isinstance(inner, ast.Constant)
                and isinstance(inner.value, str)
                and not isinstance(node.args[0], ast.Call)
                and LETTER.search(inner.value)
                and not NAME.fullmatch(inner.value)
            ]
    return found


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_sentence_stands_in_a_template(template):
    assert sentences_of_template(template.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("module", RENDERING, ids=lambda path: path.name)
def test_no_sentence_stands_in_the_code_that_renders(module):
    assert sentences_of_code(module.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
@pytest.mark.parametrize(
    "added",
    [
        "<p>Welcome</p>",
        "Bienvenue",
        '<img src="x.png" alt="Our house">',
        '<input type="submit" value="Go">',
        '<a aria-label="More" href="/">{{ x }}</a>',
        "{{ 'Hello' if x }}",
        "{{ x or 'Guest' }}",
        "{{ x ~ ' points' }}",
        "{% set greeting = 'Good evening' %}",
        "{{ x | default('Nobody') }}",
        "{% if x %}Sí{% endif %}",
    ],
)
def test_a_word_that_is_added_to_a_template_is_found(template, added):
    text = template.read_text(encoding="utf-8")
    *_, end = [tag.start() for tag in re.finditer(r"{%-? end|</body>", text)]
    assert len(sentences_of_template(text[:end] + added + text[end:])) == 1


@pytest.mark.parametrize(
    "added",
    [
        "x = make_response('Sorry!', 400)",
        "x = Response('Try again later')",
        "x = page(message='Something went wrong')",
        "x = f'Dear {x}, please wait'",
    ],
)
@pytest.mark.parametrize("module", RENDERING, ids=lambda path: path.name)
def test_a_sentence_that_is_added_to_the_code_is_found(module, added):
    assert sentences_of_code(f"{module.read_text(encoding='utf-8')}\n{added}\n")
