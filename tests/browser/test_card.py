"""The code for the till: in sight on a phone without scrolling, also while the balances cannot be had."""

import shutil

import pytest

from tests.browser.states import BRANDS, PASSWORD, Visit

SMALL, USUAL = {"width": 320, "height": 568}, {"width": 390, "height": 780}
IN_SIGHT = """() => {
  const {top, bottom} = document.querySelector(".card-code").getBoundingClientRect();
  return [top >= 0, bottom <= innerHeight];
}"""


@pytest.fixture
def with_code(run_site, tmp_path):
    """A function that starts the sample's site with a code for the till."""

    def start(kind):
        folder = tmp_path / "merchant"
        shutil.copytree(BRANDS["olive"], folder)
        file = folder / "merchant.toml"
        file.write_text(f'show_card_code = "{kind}"\n{file.read_text()}')
        return run_site(workers=1, MERCHANT_DIR=str(folder))

    return start


@pytest.mark.parametrize("kind", ["qr", "barcode"])
def test_the_code_for_the_till_is_in_sight_on_a_phone(chromium, with_code, kind):
    site = with_code(kind)
    for username in ("ana", "balance:503"):
        for language in ("en", "es"):
            context = chromium.new_context(locale=language, viewport=USUAL)
            visit = Visit(context.new_page(), site)
            visit.sign_in(username, PASSWORD)
            assert visit.answer.status == (503 if username == "balance:503" else 200)
            for size in (USUAL, SMALL):
                visit.page.set_viewport_size(size)
                assert visit.page.evaluate(IN_SIGHT) == [True, True], (username, language, size)
            context.close()
