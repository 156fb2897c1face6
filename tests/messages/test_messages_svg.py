"""SVG pictures that are uploaded: drawings pass, and nothing else does."""

from pathlib import Path

import pytest

from app.messages.svg import trouble_with_svg

ROOT = Path(__file__).parents[2]
DRAWINGS = sorted((*ROOT.glob("merchant/*.svg"), *ROOT.glob("tests/brands/*/*.svg")))
NAMESPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'

BY_A_DRAWING_PROGRAM = f"""<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!-- Created with Inkscape -->
<svg {NAMESPACES} version="1.1" width="10" height="10"
  xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape"
  xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd"
  xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/"
  inkscape:version="1.3" sodipodi:docname="logo.svg" xml:space="preserve">
<sodipodi:namedview id="base" pagecolor="#ffffff" inkscape:zoom="1"/>
<metadata><rdf:RDF><rdf:Description rdf:about=""><dc:title>Logo</dc:title></rdf:Description></rdf:RDF></metadata>
<defs><linearGradient id="a" xlink:href="#b"/><clipPath id="c"><use href="#d"/></clipPath></defs>
<style>@media (prefers-color-scheme: dark) {{ .ink {{ fill: url( '#a' ) #fff; font-family: "Brush Script MT" }} }}</style>
<path class="ink" style="fill:url(#a);stroke:none" clip-path="url(#c)" d="M0 0"/></svg>"""

# What is inside an <svg>, each refused. After OWASP's and Cure53's collections of SVG that does something.
EVIL = [
    "<script>alert(1)</script>",
    "<script href='https://evil.example.com/a.js'/>",
    "<ScRiPt>alert(1)</ScRiPt>",
    "<x:script xmlns:x='http://www.w3.org/2000/svg'>alert(1)</x:script>",
    "<script xmlns='http://www.w3.org/1999/xhtml'>alert(1)</script>",
    "<h:iframe xmlns:h='http://www.w3.org/1999/xhtml' src='javascript:alert(1)'/>",
    "<h:body xmlns:h='http://www.w3.org/1999/xhtml' onload='alert(1)'/>",
    "<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'>x</body></foreignObject>",
    "<rect onload='alert(1)'/>",
    "<rect ONCLICK='alert(1)'/>",
    "<rect x:onclick='alert(1)' xmlns:x='http://www.inkscape.org/namespaces/inkscape'/>",
    "<a href='javascript:alert(1)'><rect/></a>",
    "<a xlink:href='https://evil.example.com/'><rect/></a>",
    "<use href='https://evil.example.com/a.svg#x'/>",
    "<use xlink:href='data:image/svg+xml;base64,PHN2Zy8+#x'/>",
    "<use xlink:HREF='//evil.example.com/#x'/>",
    "<use x:href='https://evil.example.com/#x' xmlns:x='urn:x'/>",
    "<image href='https://evil.example.com/pixel.png'/>",
    "<image href='data:image/svg+xml,&lt;svg/>'/>",
    "<feImage href='https://evil.example.com/pixel.png'/>",
    "<animate attributeName='href' to='javascript:alert(1)'/>",
    "<set attributeName='onmouseover' to='alert(1)'/>",
    "<animateTransform onbegin='alert(1)'/>",
    "<handler type='application/ecmascript'>alert(1)</handler>",
    "<iframe src='https://evil.example.com/'/>",
    "<audio src='https://evil.example.com/'/>",
    "<math xmlns='http://www.w3.org/1998/Math/MathML'><maction/></math>",
    "<style>@import 'https://evil.example.com/a.css';</style>",
    "<style>@\\69mport 'https://evil.example.com/a.css';</style>",
    "<style>@font-face { font-family: x; src: url(https://evil.example.com/a.woff) }</style>",
    "<style><![CDATA[ rect { fill: url(https://evil.example.com/#x) } ]]></style>",
    "<style>rect { fill: URL(//evil.example.com/#x) }</style>",
    "<style>rect { fill: u\\72l(https://evil.example.com/#x) }</style>",
    "<style>a { content: '/*' } rect { fill: url(https://evil.example.com/) } b { content: '*/' }</style>",
    "<style>rect { background: image-set('https://evil.example.com/a.png' 1x) }</style>",
    "<style>rect { width: expression(alert(1)) }</style>",
    "<style>rect { -moz-binding: url(#x) }</style>",
    "<style>re<g>ct { fill: url(https://evil.example.com/) }</g></style>",
    "<rect style='fill:url(https://evil.example.com/#x)'/>",
    "<rect style=\"fill:url('#a');stroke:url(https://evil.example.com/)\"/>",
    "<rect fill='url(https://evil.example.com/#x)'/>",
    "<rect fill='u\\72l(https://evil.example.com/#x)'/>",
    "<rect fill='url(#a) url(https://evil.example.com/#x)'/>",
    "<rect filter='url(data:image/svg+xml,x#x)'/>",
    "<rect mask='url(&#104;ttps://evil.example.com/#x)'/>",
    "<g xml:base='https://evil.example.com/'><use href='#x'/></g>",
    "<rect formaction='javascript:alert(1)'/>",
    "<rect src='https://evil.example.com/'/>",
    "<rect x:something='1' xmlns:x='urn:unknown'/>",
    "<?xml-stylesheet href='https://evil.example.com/a.css'?>",
    "<?php echo 1 ?>",
]
EVIL_WHOLE = [
    f"<!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><svg {NAMESPACES}><text>&x;</text></svg>",
    f"<!DOCTYPE svg [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]><svg {NAMESPACES}><text>&b;</text></svg>",
    f"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'https://evil.example.com/svg11.dtd'><svg {NAMESPACES}/>",
    f"<!DOCTYPE svg [<!ATTLIST rect onload CDATA 'alert(1)'>]><svg {NAMESPACES}><rect/></svg>",
    f"<?xml-stylesheet href='https://evil.example.com/a.xsl' type='text/xsl'?><svg {NAMESPACES}/>",
    f"<svg {NAMESPACES} onload='alert(1)'/>",
    f"<?xml version='1.0' encoding='UTF-7'?><svg {NAMESPACES}>+ADw-script+AD4-</svg>",
    f"<?xml version='1.0' encoding='ISO-8859-1'?><svg {NAMESPACES}/>",
    "<svg><script>alert(1)</script></svg>",
    "<svg/>",
    "<html xmlns='http://www.w3.org/1999/xhtml'><svg/></html>",
    f"<svg {NAMESPACES}>",
    f"<svg {NAMESPACES}>&nbsp;</svg>",
    f"<svg {NAMESPACES}/><script/>",
    "",
    "<svg " * 1000,
    "\0",
]


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.name)
def test_drawings_pass(path):
    assert trouble_with_svg(path.read_bytes()) is None


def test_what_drawing_programs_write_passes():
    assert trouble_with_svg(BY_A_DRAWING_PROGRAM.encode()) is None
    assert trouble_with_svg(b"\xef\xbb\xbf" + BY_A_DRAWING_PROGRAM.encode()) is None


@pytest.mark.parametrize("inside", EVIL)
def test_what_does_something_is_refused_wherever_it_stands(inside):
    for around in (inside, f"<g>{inside}</g>", f"<defs><symbol>{inside}</symbol></defs>"):
        trouble = trouble_with_svg(f"<svg {NAMESPACES}>{around}</svg>".encode())
        assert trouble is not None
        assert all(each.endswith(".") for each in trouble)


@pytest.mark.parametrize("whole", EVIL_WHOLE)
def test_what_is_no_plain_drawing_is_refused(whole):
    assert trouble_with_svg(whole.encode()) is not None


def test_each_of_the_evil_ones_would_pass_without_what_is_evil_in_it():
    assert (
        trouble_with_svg(
            f"<svg {NAMESPACES}><rect fill='url(#a)'/><g/><style>rect {{ fill: red }}</style></svg>".encode()
        )
        is None
    )


def test_what_is_too_deep_for_browsers_is_refused_in_no_time():
    deep = f"<svg {NAMESPACES}>{'<g>' * 40_000}{'</g>' * 40_000}</svg>"
    assert trouble_with_svg(deep.encode()) is not None


def nested(level, *, first="<g id='n0'><rect/></g>", last="<use href='#n9'/>"):
    """Nine levels, each of which draws the one before it ten times."""
    return first + "".join(level(each, each - 1) for each in range(1, 10)) + last


def levels(element, inside):
    return lambda each, former: f"<{element} id='n{each}'>{inside(former)}</{element}>"


def ten(attribute):
    return lambda former: f"<rect {attribute.format(former)}/>" * 10


RULES = "".join(f".c{each} {{ mask: url(#n{each}) }}" for each in range(10))
HANGING = {
    "use": nested(levels("g", lambda former: f"<use href='#n{former}'/>" * 10)),
    "use before": "<use href='#n1'/>"
    + nested(levels("g", lambda former: f"<use href='#n{former + 2}'/>" * 10), last="<rect id='n10'/>"),
    "mask": nested(levels("mask", ten("mask='url(#n{})'"))),
    "clip path": nested(levels("clipPath", ten("clip-path='url(#n{})'"))),
    "pattern": nested(levels("pattern", ten("fill='url(#n{})'"))),
    "marker": nested(levels("marker", ten("marker-mid='url(#n{})'"))),
    "filter": nested(levels("g", lambda former: f"<use href='#n{former}' filter='url(#n0)'/>" * 5)),
    "own style": nested(levels("mask", ten("style=\"--m: url('#n{}'); mask: var(--m)\""))),
    "class": f"<style>{RULES}</style>" + nested(levels("mask", ten("class='d c{}'"))),
    "class in a media": f"<style>@media print {{ {RULES} }}</style>" + nested(levels("mask", ten("class='c{}'"))),
    "inherited": nested(levels("pattern", lambda former: f"<g fill='url(#n{former})'>{'<rect/>' * 10}</g>")),
    "inherited by what is named": nested(
        lambda each, former: f"<g fill='url(#n{former})'><pattern id='n{each}'>{'<rect/>' * 10}</pattern></g>"
    ),
    "inherited by what is used": f"<g id='a'>{'<rect/>' * 100}</g>"
    + nested(levels("pattern", lambda former: f"<use href='#a' fill='url(#n{former})'/>")),
    "flat": f"<g id='a'>{'<rect/>' * 1000}</g>" + "<use href='#a'/>" * 1000,
    "itself": "<g id='a'><use href='#a'/></g>",
    "one another": "<mask id='a'><g mask='url(#b)'/></mask><mask id='b'><g mask='url(#a)'/></mask>",
    "named as a gradient too": "<linearGradient id='n5'/>" + nested(levels("mask", ten("mask='url(#n{})'"))),
}
UNCLEAR_RULES = [
    "* { mask: url(#a) }",
    ".x rect { mask: url(#a) }",
    "* {/*} .x {*/ mask: url(#a) }",
    "* { font-family: '} .x {'; mask: url(#a) }",
    "* { .x { fill: red } mask: url(#a) }",
    "@keyframes x { from { mask: url(#a) } }",
]


@pytest.mark.parametrize("drawing", HANGING)
def test_what_makes_browsers_hang_is_refused_in_no_time(drawing):
    trouble = trouble_with_svg(f"<svg {NAMESPACES}>{HANGING[drawing]}</svg>".encode())
    assert trouble is not None
    assert "inside one another" in trouble[0] or "again and again" in trouble[0]


@pytest.mark.parametrize("rule", UNCLEAR_RULES)
def test_a_style_that_hides_whom_it_is_for_is_refused_unless_it_names_only_gradients(rule):
    with_mask = f"<svg {NAMESPACES}><style>{rule}</style><mask id='a'/></svg>"
    assert "because of a style" in trouble_with_svg(with_mask.encode())[0]
    assert trouble_with_svg(with_mask.replace("mask id", "radialGradient id").encode()) is None


def test_what_is_drawn_now_and_again_passes():
    drawing = f"""<style>.c, .d {{ clip-path: url("#n1") }} @media print {{ .c {{ filter: url(#f) }} }}</style>
        <defs><g id="n0">{"<path/>" * 20}</g><clipPath id="n1"><use href="#n0"/></clipPath>
        <filter id="f"><feGaussianBlur/></filter><linearGradient id="g" href="#g"/></defs>
        <g class="c">{"<use href='#n0' fill='url(#g)'/>" * 50}</g>"""
    assert trouble_with_svg(f"<svg {NAMESPACES}>{drawing}</svg>".encode()) is None
