"""The card number as a picture: what is drawn can be read again."""

import re

import pytest

from app.web.barcode import QUIET_MODULES, card_code

# Code 128: how wide the bars and spaces of each value are (ISO/IEC 15417).
CODE_128 = (  # noqa: SIM905 - a table is read in rows
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222 "
    "123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 "
    "232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 "
    "313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 "
    "111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 "
    "111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113 "
    "114311 411113 411311 113141 114131 311141 411131 211412 211214 211232"
).split()


def bars(code):
    return [(int(x), int(width)) for x, width in re.findall(r"M(\d+) \d+h(\d+)v", code.path)]


@pytest.mark.parametrize("number", ["6000000000410017", "60000000041001", "123", "A1-9"])
def test_the_bars_are_code_128_of_the_number(number):
    code = card_code(number, "barcode")
    runs = []
    end = QUIET_MODULES["barcode"]
    for x, width in bars(code):
        runs += [x - end, width] if runs else [width]
        end = x + width
    widths = "".join(map(str, runs))
    assert widths.endswith("2331112")  # the stop
    values = [CODE_128.index(widths[start : start + 6]) for start in range(0, len(widths) - 7, 6)]
    start, *data, check = values
    assert check == (start + sum(place * value for place, value in enumerate(data, 1))) % 103
    in_pairs = start == 105
    text = ""
    for value in data:
        if value == 99 and not in_pairs:
            in_pairs = True
        elif value == 100 and in_pairs:
            in_pairs = False
        else:
            text += f"{value:02}" if in_pairs else chr(value + 32)
    assert text == number
    assert code.width - end == QUIET_MODULES["barcode"]


def test_a_qr_code_is_square_with_three_finders_and_white_around():
    code = card_code("6000000000410017", "qr")
    assert code.width == code.height == 21 + 2 * QUIET_MODULES["qr"]
    first_row = [(x, width) for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v", code.path) if y == "4"]
    assert first_row[0] == ("4", "7")
    assert first_row[-1] == ("18", "7")


@pytest.mark.parametrize("number", ["", "x" * 41, "6000 0041", "٦٠٠٠", "<svg>"])
def test_what_is_no_card_number_gets_no_picture(number):
    assert card_code(number, "qr") is None
    assert card_code(number, "barcode") is None


def test_its_repr_hides_the_number():
    assert "6000" not in repr(card_code("6000000000410017", "qr"))
