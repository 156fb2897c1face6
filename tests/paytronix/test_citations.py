"""What the code cites of ``docs/paytronix.md`` is there for a reader to find."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SECTIONS = set(re.findall(r"^#{2,3} ([0-9](?:\.[0-9])?)\.? ", (ROOT / "docs/paytronix.md").read_text(), re.MULTILINE))
CITED = re.compile(r"docs/paytronix\.md, ((?:sections )?[0-9](?:\.[0-9])?(?:(?:, | and | to )[0-9](?:\.[0-9])?)*)")


def sources():
    found = [path for folder in ("app", "sandbox", "tests") for path in (ROOT / folder).rglob("*.py")]
    return {path.relative_to(ROOT).as_posix(): path.read_text() for path in found}


def test_every_section_that_is_cited_exists():
    cited = {
        (name, section)
        for name, text in sources().items()
        for group in CITED.findall(text)
        for section in re.findall(r"[0-9](?:\.[0-9])?", group)
    }
    assert len({section for _, section in cited}) > 10, "nothing is cited any more, or in another form"
    assert [(name, section) for name, section in sorted(cited) if section not in SECTIONS] == []


def test_nothing_else_is_cited_under_that_name():
    mentions = [
        (name, text[found.start() : found.end() + 20])
        for name, text in sources().items()
        if name != Path(__file__).relative_to(ROOT).as_posix()
        for found in re.finditer(r"paytronix[-\w]*\.md", text)
        if not CITED.match(text, found.start() - len("docs/"))
    ]
    assert mentions == []
