"""Whether everybody can read and use a page: axe's rules, and what an eye would notice, at several sizes and schemes."""

from axe_playwright_python.base import AXE_SCRIPT

_AXE = """only => axe.run({runOnly: only, resultTypes: ["violations"]}).then(found =>
  found.violations.map(each => `${each.id}: ${each.nodes.map(node => node.html).join(" and ")}`))"""
_ALL_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_COLOURS = ["color-contrast", "link-in-text-block"]
PHONE, DESK = {"width": 320, "height": 640}, {"width": 1280, "height": 800}
LIGHT_AND_DARK = [(PHONE, "light", _ALL_RULES), (DESK, "light", _ALL_RULES), (PHONE, "dark", _COLOURS)]
ALWAYS_DARK = [(PHONE, "light", _ALL_RULES), (DESK, "dark", _ALL_RULES)]
LIGHT = [(PHONE, "light", _ALL_RULES)]
# Something beside the page, or something smaller than a finger.
_ODD = """() => {
  const faults = [], page = document.documentElement;
  if (page.scrollWidth > page.clientWidth) faults.push("the page is wider than the screen");
  for (const each of document.querySelectorAll("a, button, input:not([type=hidden])")) {
    const box = each.getBoundingClientRect();
    if (box.width && Math.min(box.width, box.height) < 24) faults.push("too small for a finger: " + each.outerHTML);
  }
  return faults;
}"""


def faults_of(page, looks=LIGHT_AND_DARK):
    """What is wrong with the page that a browser shows, once it is loaded, in each of these looks."""
    page.evaluate(AXE_SCRIPT)
    found = []
    for size, scheme, rules in looks:
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        found += page.evaluate(_AXE, rules) + page.evaluate(_ODD)
    return list(dict.fromkeys(found))
