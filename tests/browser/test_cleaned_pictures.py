"""A cleaned drawing looks in a real browser exactly as the one that came out of the drawing program."""

from pathlib import Path

import pytest

from app.messages.svg import clean
from tests.messages.test_svg import BY_A_DRAWING_PROGRAM, ENTITIES

ROOT = Path(__file__).parents[2]
START = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 300 300">'
DRAWINGS = {
    path.name: path.read_text() for path in (*ROOT.glob("merchant/*.svg"), *ROOT.glob("tests/messages/pictures/*.svg"))
}
DRAWINGS |= {
    "entities": ENTITIES,
    "inkscape": BY_A_DRAWING_PROGRAM.replace('d="M0 0"', 'd="M0 0h9v9z"').replace("url(#a)", "#123").replace(' clip-path="url(#c)"', ""),
    "a prefix": "<s:svg xmlns:s='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><s:circle r='7' fill='navy'/></s:svg>",
    "masks, clips, patterns, markers": START + """<defs><linearGradient id="a"><stop offset="0" stop-color="red"/>
        <stop offset="1" stop-color="blue"/></linearGradient><radialGradient id="r" xlink:href="#a"/><clipPath id="c">
        <circle cx="100" cy="100" r="80"/></clipPath><mask id="m"><rect width="300" height="300" fill="url(#r)"/></mask>
        <pattern id="p" width="20" height="20" patternUnits="userSpaceOnUse"><rect width="10" height="10"/></pattern>
        <marker id="k" markerWidth="8" markerHeight="8" refX="4" refY="4"><circle cx="4" cy="4" r="4"/></marker>
        <style type="text/css"><![CDATA[ .s > .t, .u { fill: none; stroke: red } ]]></style></defs>
        <rect width="200" height="200" fill="url('#a')" clip-path="url(#c)"/><g mask="url(#m)"
        style="mix-blend-mode:multiply"><rect y="150" width="300" height="100" fill="url(#p)"/></g><g class="s">
        <polyline class="t" points="10,280 100,250 200,290" marker-mid="url(#k)"/></g></svg>""",
    "words": START + """<text x="10" y="50" font-size="30"><tspan>Lim</tspan><tspan fill="red">on</tspan><tspan
        dx="3">cello</tspan></text><text x="10" y="90" font-size="30">A <tspan>B</tspan> C</text></svg>""",
    "a picture inside": START + '<pattern id="p" width="1" height="1"><use xlink:href="#i"/></pattern>'
    '<rect width="99" height="99" fill="url(#p)"/><image id="i" width="60" height="60" xlink:href="data:image/png;base64,'
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="/></svg>',
}  # fmt: skip


@pytest.fixture(scope="module")
def shown(chromium):
    page = chromium.new_page(viewport={"width": 320, "height": 320})
    content = {}
    page.route("**/picture", lambda route: route.fulfill(body=content["now"], content_type="image/svg+xml"))
    page.route("**/page", lambda route: route.fulfill(body="<img width=300 src=/picture>", content_type="text/html"))

    def show(picture):
        content["now"] = picture
        page.goto("http://pictures.test/page")
        page.wait_for_function("document.images[0].complete")
        return page.screenshot()

    yield show
    page.close()


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_cleaned_drawing_looks_as_it_did(shown, name):
    drawn = clean(DRAWINGS[name].encode())
    assert drawn.taken_out == ()
    before = shown(DRAWINGS[name].encode())
    assert before != shown(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "this test needs a drawing that can be seen"
    assert shown(drawn.content) == before
