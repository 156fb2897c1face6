"""SVG pictures are cleaned: what draws stays as it looks, and what acts, moves or hangs is not in them any more."""

import contextlib
import re
import resource
import time
from pathlib import Path

import pytest

from app.messages.svg import MOST_DRAWN, TAKEN_OUT, NotSvg, clean
from tests.stores import in_processes

ROOT = Path(__file__).parents[2]
DRAWINGS = sorted(
    (*ROOT.glob("merchant/*.svg"), *ROOT.glob("tests/brands/*/*.svg"), *ROOT.glob("tests/messages/pictures/*.svg"))
)
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

ENTITIES = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd" [
  <!ENTITY ns_svg "http://www.w3.org/2000/svg"> <!ENTITY ns_ai "http://ns.adobe.com/AdobeIllustrator/10.0/"> ]>
<?xpacket begin="x"?>
<svg xmlns="&ns_svg;" xmlns:i="&ns_ai;" viewBox="0 0 9 9"><switch>
  <foreignObject requiredExtensions="&ns_ai;" width="1" height="1"><i:pgfRef/></foreignObject>
  <g i:extraneous="self"><path class="st0" d="M0 0h9v9z"/></g></switch></svg>"""
# What is left out without a word, since no browser looks at it; and what the cleaned drawing still has.
IGNORED = {
    "another program's attributes": (
        "<rect i:layer='yes' xmlns:i='http://ns.adobe.com/AdobeIllustrator/10.0/'/>",
        "<rect",
    ),
    "an attribute of a logo maker": ("<g featurekey='x' svgjs:data='{}' xmlns:svgjs='x'><rect/></g>", "<rect"),
    "a namespace that nobody knows": ("<v:x xmlns:v='http://vectornator.io'><rect/></v:x><circle r='1'/>", "<circle"),
    "metadata": ("<metadata><x/></metadata><desc>By me</desc><rect/>", "<rect"),
    "an instruction": ("<?xpacket begin='x'?><rect/>", "<rect"),
    "zooming": ("<rect zoomAndPan='magnify' tabindex='1'/>", "<rect"),
}

# What is inside an <svg>, each taken out. After OWASP's and Cure53's collections of SVG that does something.
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
ACTING = re.compile(
    rb"script|javascript|\son\w+=|foreignobject|iframe|https?:(?!//www.w3.org/2000/svg\")|//evil[.]example[.]com/[^#]|"
    rb"@import|data:|expression|animate|<set|handler|image-set|binding|xlink|DOCTYPE|ENTITY",
    re.IGNORECASE,
)
REFUSED = {
    "an outside entity": f"<!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><svg {NAMESPACES}><text>&x;</text></svg>",
    "UTF-7": f"<?xml version='1.0' encoding='UTF-7'?><svg {NAMESPACES}>+ADw-script+AD4-</svg>",
    "no namespace": "<svg><rect/></svg>",
    "a page": "<html xmlns='http://www.w3.org/1999/xhtml'><svg/></html>",
    "cut off": f"<svg {NAMESPACES}>",
    "an unknown entity": f"<svg {NAMESPACES}>&nbsp;<rect/></svg>",
    "something behind": f"<svg {NAMESPACES}><rect/></svg><script/>",
    "nothing": "",
    "many beginnings": "<svg " * 1000,
    "a zero": "\0",
    "nothing to draw": f"<svg {NAMESPACES}/>",
    "only a script": f"<svg {NAMESPACES}><script>alert(1)</script></svg>",
    "a film inside": f"<svg {NAMESPACES}><image href='data:image/png;base64,AAAA'/></svg>",
}


def drawing(inside):
    return f"<svg {NAMESPACES}>{inside}</svg>".encode()


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.name)
def test_drawings_pass(path):
    drawn = clean(path.read_bytes())
    assert drawn.taken_out == ()
    assert clean(drawn.content) == drawn, "what was cleaned is clean"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_drawing_programs_write_passes(encoding):
    text = BY_A_DRAWING_PROGRAM.replace('encoding="UTF-8" ', "")
    drawn = clean(text.encode(encoding))
    assert drawn.taken_out == ()
    assert b'class="ink"' in drawn.content
    assert b"prefers-color-scheme" in drawn.content
    assert not re.search(b"inkscape|sodipodi|rdf|metadata", drawn.content)


def test_an_entity_table_stands_for_what_it_says():
    drawn = clean(ENTITIES.encode())
    assert drawn.taken_out == ()
    assert b'd="M0 0h9v9z"' in drawn.content
    assert b"foreignObject" not in drawn.content


@pytest.mark.parametrize("what", IGNORED)
def test_what_browsers_ignore_is_left_out_without_a_word(what):
    inside, stays = IGNORED[what]
    drawn = clean(drawing(inside))
    assert drawn.taken_out == ()
    assert stays.encode() in drawn.content


def test_a_prefix_of_its_own_is_no_other_picture():
    drawn = clean(b"<s:svg xmlns:s='http://www.w3.org/2000/svg'><s:rect width='3'/></s:svg>")
    assert drawn.content.startswith(b'<svg xmlns="http://www.w3.org/2000/svg"')
    assert b'<rect width="3"' in drawn.content


def test_no_blank_comes_between_the_pieces_of_a_word():
    drawn = clean(drawing("<text><tspan>Lim</tspan><tspan>on</tspan> <tspan><tspan>c</tspan>ello</tspan></text>"))
    assert b"<text><tspan>Lim</tspan><tspan>on</tspan> <tspan><tspan>c</tspan>ello</tspan></text>" in drawn.content


@pytest.mark.parametrize("inside", EVIL)
def test_what_does_something_is_taken_out_wherever_it_stands(inside):
    for around in (inside, f"<g>{inside}</g>", f"<defs><symbol>{inside}</symbol></defs>"):
        drawn = clean(drawing(f"{around}<circle r='7'/>"))
        assert b'<circle r="7"' in drawn.content
        without_remains = re.sub(rb"https://evil.example.com/#x\)", b"", drawn.content)  # a colour that is none
        assert not ACTING.search(without_remains), drawn.content
        assert set(drawn.taken_out) <= TAKEN_OUT
        assert clean(drawn.content).content == drawn.content


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ("<script>alert(1)</script>", "a script"),
        ("<rect onload='alert(1)'/>", "a script"),
        ("<a href='https://example.com/'><rect/></a>", "a link"),
        ("<animate attributeName='x'/>", "an animation"),
        ("<rect style='animation: x 1s'/>", "an animation"),
        ("<rect style='transition: x 1s'/>", "an animation"),
        ("<foreignObject/>", "a piece of a web page"),
        ("<image href='https://example.com/a.png'/>", "a picture from elsewhere"),
        ("<use href='b.svg#x'/>", "a reference to another file"),
        ("<style>rect { fill: url('b.svg#x') }</style>", "a reference to another file"),
        ("<style>@font-face { font-family: x; src: url(data:font/woff2;base64,xx) }</style>", "a font"),
        ("<style>@import url('https://fonts.example.com/a.css');</style>", "a style that fetches something"),
        (
            "<filter id='f'><feTurbulence/></filter><rect filter='url(#f)'/>",
            "an effect such as a shadow or a blur (to keep it, save as PNG)",
        ),
        ("<rect style='filter: blur(9px)'/>", "an effect such as a shadow or a blur (to keep it, save as PNG)"),
        ("<text><textPath href='#a'>x</textPath></text>", "text along a path (turn it into a path)"),
    ],
)
def test_what_was_taken_out_is_told(inside, said):
    assert clean(drawing(f"{inside}<rect/>")).taken_out == (said,)


@pytest.mark.parametrize("what", REFUSED)
def test_what_browsers_show_nothing_of_is_refused(what):
    with pytest.raises(NotSvg) as refused:
        clean(REFUSED[what].encode())
    assert str(refused.value).endswith(".")
    assert refused.value.problem.suggestion.endswith(".")


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
    "marker": nested(
        levels("marker", lambda former: f"<path d='M0 0L1 1L2 2' marker-mid='url(#n{former})'/>" * 10),
        last="<path d='M0 0L1 1L2 2' marker-mid='url(#n9)'/>",
    ),
    "filter": nested(levels("g", lambda former: f"<use href='#n{former}' filter='url(#n0)'/>" * 5)),
    "own style": nested(levels("mask", ten("style=\"--m: url('#n{}'); mask: var(--m)\""))),
    "class": f"<style>{RULES}</style>" + nested(levels("mask", ten("class='d c{}'"))),
    "class in a media": f"<style>@media print {{ {RULES} }}</style>" + nested(levels("mask", ten("class='c{}'"))),
    "inherited": nested(levels("pattern", lambda former: f"<g fill='url(#n{former})'>{'<rect/>' * 10}</g>")),
    "inherited by what is used": f"<g id='a'>{'<rect/>' * 100}</g>"
    + nested(levels("pattern", lambda former: f"<use href='#a' fill='url(#n{former})'/>")),
    "flat": f"<g id='a'>{'<rect/>' * 1000}</g>" + "<use href='#a'/>" * 1000,
    "itself": "<g id='a'><use href='#a'/></g>",
    "one another": "<mask id='a'><g mask='url(#b)'/></mask><mask id='b'><g mask='url(#a)'/></mask><g mask='url(#a)'/>",
    "named as a gradient too": "<linearGradient id='n5'/>" + nested(levels("mask", ten("mask='url(#n{})'"))),
    "markers at many points": f"<marker id='m'>{'<circle/>' * 300}</marker>"
    f"<g marker-mid='url(#m)'><polyline points='{'1 1 ' * 10_000}'/></g>",
    "texts": f"<text id='t'>{'x' * 10_000}</text>" + "<use href='#t'/>" * 100,
}
UNCLEAR_RULES = [
    "* { mask: url(#a) }",
    "rect:hover { mask: url(#a) }",
    "[id] { mask: url(#a) }",
    "* {/*} .x {*/ mask: url(#a) }",
    "* { .x { fill: red } mask: url(#a) }",
    "* { mask: url(#a); .x { fill: red } }",
]


@pytest.mark.parametrize("what", HANGING)
def test_what_makes_browsers_hang_is_refused_in_no_time(what):
    before = time.process_time()
    with pytest.raises(NotSvg) as refused:
        clean(drawing(HANGING[what] + "<rect/>"))
    assert "inside one another" in str(refused.value) or "again and again" in str(refused.value)
    assert time.process_time() - before < 5


@pytest.mark.parametrize("rule", UNCLEAR_RULES)
def test_a_style_that_hides_whom_it_is_for_is_taken_to_be_for_all(rule):
    shapes = f"<rect/><mask id='a'>{'<circle/>' * 100}</mask>"
    clean(drawing(f"<style>{rule.replace('url(#a)', 'none')}</style>{shapes * 20}"))
    with pytest.raises(NotSvg):
        clean(drawing(f"<style>{rule}</style>{shapes}{'<rect/>' * MOST_DRAWN}"[:400_000].rpartition("<")[0]))


EFFECTS = {
    "a convolution": "<feConvolveMatrix order='15' kernelMatrix='1'/>",
    "a widening": "<feMorphology radius='200'/>",
    "noise": "<feTurbulence numOctaves='9'/>",
    "light": "<feDiffuseLighting><fePointLight/></feDiffuseLighting>",
    "a wide blur": "<feGaussianBlur stdDeviation='5 500'/>",
    "a shadow": "<feDropShadow dx='1' stdDeviation='2'/>",
}


@pytest.mark.parametrize("what", EFFECTS)
def test_an_effect_is_taken_out_with_what_names_it(what):
    named = "<rect filter='url(#f)'/><rect style='filter:url(#f);fill:red'/>"
    drawn = clean(
        drawing(f"<style>.a {{ filter: url('#f'); fill: red }}</style><filter id='f'>{EFFECTS[what]}</filter>{named}")
    )
    assert b"filter" not in drawn.content
    assert drawn.content.count(b"fill") == 2
    assert "an effect" in drawn.taken_out[0]


MOST_BYTES, MOST_CPU_SECONDS = 100_000_000, 10  # what asks for a thousand million of anything takes hours


def fills(count):
    return "".join(f"fill:url(#n{number});" for number in range(count))


BOMBS = {
    "classes times names": f"<style>{','.join(f'.c{n}' for n in range(25_000))}{{{fills(15_000)}}}</style><rect/>",
    "names times elements": f"<style>* {{{fills(10_000)}}}</style>" + "<rect/>" * 30_000,
    "the same name again": f"<style>* {{{'fill:url(#n);' * 9_000}}}</style>"
    + "<mask id='n'/>" * 9_000
    + "<rect/>" * 9_000,
    "gradients": f"<style>.c {{{fills(8_000)}}}</style>"
    + "".join(f"<linearGradient id='n{n}'/>" for n in range(8_000))
    + "<rect class='c'/>" * 5_000,
    "depth": "<g>" * 40_000 + "</g>" * 40_000,
    "namespaces": "".join(f"<a xmlns:b{n}='x{n}'/>" for n in range(15_000)),
    "attributes": "<rect " + " ".join(f"a{n}='1'" for n in range(30_000)) + "/>",
    "remarks in a style": f"<style>{'/*' * 200_000}</style>",
    "addresses": f"<style>{'url(' * 100_000}</style>",
    "shapes": "<rect/>" * 70_000,
}


@pytest.mark.parametrize("what", BOMBS)
def test_no_drawing_takes_more_than_a_few_seconds_or_a_hundred_megabytes_to_read(what):
    content = drawing(BOMBS[what])

    def read(_):
        """In a process of its own, which the system ends when it takes more than its share."""
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + MOST_BYTES, size + MOST_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_SECONDS, MOST_CPU_SECONDS))
        with contextlib.suppress(NotSvg):
            clean(content)

    in_processes(1, read)


@pytest.mark.parametrize("levels", [3, 12])
def test_entities_of_entities_are_refused_in_no_time(levels):
    table = "<!ENTITY a0 'xxxxxxxxxx'>" + "".join(
        f"<!ENTITY a{n} '{f'&a{n - 1};' * 100}'>" for n in range(1, levels + 1)
    )
    with pytest.raises(NotSvg, match=r"too long|broken"):
        clean(f"<!DOCTYPE svg [{table}]><svg {NAMESPACES}><text>&a{levels};</text></svg>".encode())


def test_what_is_drawn_now_and_again_passes():
    inside = f"""<style>.c, .d {{ clip-path: url("#n1") }} @media print {{ .c {{ mask: none }} }}</style>
        <defs><g id="n0">{"<path/>" * 20}</g><clipPath id="n1"><use href="#n0"/></clipPath>
        <linearGradient id="g" href="#g"/></defs>
        <g class="c">{"<use href='#n0' fill='url(#g)'/>" * 50}</g>"""
    assert clean(drawing(inside)).taken_out == ()
