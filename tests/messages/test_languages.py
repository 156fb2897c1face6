"""Which language a guest gets."""

import pytest

from app.messages.check import check
from app.messages.languages import language_tag, negotiate, regional_locale


@pytest.mark.parametrize(
    ("languages", "header", "expected"),
    [
        ('["en", "es"]', None, "en"),
        ('["es", "en"]', None, "es"),
        ('["en", "es"]', "es", "es"),
        ('["en", "es"]', "es-MX,en;q=0.5", "es"),
        ('["en", "es"]', "de, es;q=0.2, en;q=0.1", "es"),
        ('["en", "es"]', "en;q=0.1, ES;q=0.9", "es"),
        ('["en", "es"]', "es;q=0, en;q=0.1", "en"),
        ('["es", "en"]', "ja", "es"),
        ('["es", "en"]', "*", "es"),
        ('["en", "pt-BR"]', "pt-PT, en;q=0.9", "pt-BR"),
        ('["en", "pt-BR"]', "pt-br", "pt-BR"),
        ('["en", "ar"]', "ar-EG", "ar"),
        ('["es", "en"]', ";;;q=,,, q=1;=\x00 en-", "es"),
        ('["es", "en"]', "en;q=nonsense", "es"),
        ('["en", "es"]', "es;Q=0.9, en;Q=0.1", "es"),
        ('["en", "es"]', "en; Q=0.1, es; q=0.2", "es"),
        ('["es", "en"]', "es;Q=0, en;q=0.1", "en"),
        ('["es", "en"]', "x" * 100_000, "es"),
    ],
)
def test_the_browsers_wish_is_weighed_against_what_there_is(folder, languages, header, expected):
    folder.merchant(f'name = "Olive"\nlanguages = {languages}')
    for tag in ("pt-BR", "ar"):
        folder.write(f"messages/{tag}.toml", "")
    assert folder.catalogue().negotiate(header).language == expected


@pytest.mark.parametrize(
    ("wanted", "available", "expected"),
    [
        ("zh-TW", ["zh", "zh-Hant"], "zh-Hant"),
        ("zh-Hant-TW", ["zh", "zh-Hant"], "zh-Hant"),
        ("zh-TW", ["zh"], None),
        ("no", ["en", "nb"], "nb"),
        ("nn-NO", ["nb"], "nb"),
        ("iw", ["he"], "he"),
        ("es-AR", ["es", "es-419"], "es-419"),
        ("es-ES", ["es-419", "es"], "es"),
        ("sr-Latn", ["sr", "sr-Latn"], "sr-Latn"),
        ("de-CH-1901", ["de"], "de"),
    ],
)
def test_a_language_is_found_under_its_other_names_and_in_its_own_script(wanted, available, expected):
    assert negotiate(wanted, available) == expected


def test_what_the_guest_has_chosen_counts_more_than_the_browsers_wish(folder):
    catalogue = folder.catalogue()
    assert catalogue.negotiate("en", chosen="es").language == "es"
    assert catalogue.negotiate("es", chosen="ES").language == "es"
    assert catalogue.negotiate("es", chosen="../../etc/passwd").language == "es"


def test_a_right_to_left_language_says_so(folder):
    folder.write("messages/ar.toml", '[login]\nheading = "تسجيل الدخول"')
    localizer = folder.localizer("ar")
    assert (localizer.language, localizer.direction) == ("ar", "rtl")
    assert localizer.text("login", "heading") == "تسجيل الدخول"
    assert folder.localizer("en").direction == "ltr"


def test_without_a_list_guests_get_the_shipped_languages_and_those_in_the_folder(folder):
    folder.write("messages/fr.toml", "")
    assert [localizer.language for localizer in folder.catalogue().localizers] == ["en", "es", "fr"]
    assert folder.catalogue().merchant.languages == ("en", "es", "fr")


def test_a_language_that_is_in_the_list_and_has_no_words_is_left_out_and_told(folder):
    folder.merchant('name = "Olive"\nlanguages = ["fr", "es"]')
    catalogue = folder.catalogue()
    assert catalogue.merchant.languages == ("es",)
    assert catalogue.problems[0].line == 2
    assert 'in the language "fr"' in catalogue.problems[0].description


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("en", "en"),
        ("EN", "en"),
        ("pt_br", "pt-BR"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("xx", None),
        ("english", None),
        ("en copy", None),
        ("", None),
        ("../en", None),
        ("e" * 1000, None),
    ],
)
def test_a_tag_names_a_language_or_nothing(text, tag):
    assert language_tag(text) == tag


# --- Regions ---


@pytest.mark.parametrize(
    ("tag", "header", "locale"),
    [
        ("en", "en-GB,en;q=0.5", "en_GB"),
        ("en", "en,en-GB;q=0.8", "en_GB"),
        ("en", "es-MX,en-AU;q=0.5", "en_AU"),
        ("es", "en-GB,es-MX;Q=0.5", "es_MX"),
        ("en", "es-MX", "en"),
        ("en", "", "en"),
        ("en-GB", "en", "en_GB"),
        ("en-GB", "en-US", "en_US"),
        ("de", "de-US,de-CH;q=0.9", "de_CH"),
        ("en", "en-XX", "en"),
        ("en", "en-GB;q=0", "en"),
        ("zh-Hant", "zh-CN,zh-HK", "zh_Hant_HK"),
        ("nb", "no-NO", "nb_NO"),
        ("es", "es-419", "es_419"),
        ("en", ",,;;=\x00 en-\ud800-GB", "en"),
    ],
)
def test_numbers_and_dates_take_the_region_of_the_browser(tag, header, locale):
    assert str(regional_locale(tag, header)) == locale


def test_a_region_falls_back_to_its_language(folder):
    folder.merchant('name = "Olive"\nlanguages = ["en-GB", "es"]\n[links]\nhelp = "tel:+442079460123"')
    folder.write("messages/en.toml", '[login]\nheading = "Welcome back"\n[paytronix]\nx_code = "Ring us."\n')
    catalogue = folder.catalogue()
    assert catalogue.merchant.languages == ("en-GB", "es")
    localizer = catalogue.negotiate("en-GB,en;q=0.9")
    assert localizer.language == "en-GB"
    for message in (
        localizer.message("login", "heading"),
        localizer.paytronix("x_code"),
        localizer.message("login", "button"),
    ):
        assert message.language == "en-GB"  # it is the page's language: nothing to tell a screen reader
    assert localizer.text("login", "heading") == "Welcome back"
    assert check(folder.path).errors == ()
    assert not [each for each in check(folder.path).warnings if "No guest gets this language" in each.description]


def test_what_a_region_words_itself_comes_before_its_language(folder):
    folder.merchant('name = "Olive"\nlanguages = ["es-MX"]')
    folder.write("messages/es.toml", '[login]\nheading = "Hola"\nbutton = "Entrar"')
    folder.write("messages/es-MX.toml", '[login]\nheading = "Qué onda"')
    localizer = folder.localizer("es-MX")
    assert (localizer.text("login", "heading"), localizer.text("login", "button")) == ("Qué onda", "Entrar")
    assert localizer.message("login", "button").language == "es-MX"
    assert localizer.text("login", "password") == "Contraseña"  # the built-in words of the language


def test_a_script_does_not_fall_back_to_another(folder):
    folder.merchant('name = "Olive"\nlanguages = ["en", "zh-Hant"]')
    folder.write("messages/zh.toml", '[login]\nheading = "简"')
    catalogue = folder.catalogue()
    assert catalogue.merchant.languages == ("en",)
    assert 'in the language "zh-Hant"' in catalogue.problems[0].description


def test_a_notice_for_a_language_is_read_in_its_regions(folder):
    folder.merchant('name = "Olive"\nlanguages = ["es", "en-GB"]')
    folder.write("messages/en.toml", '[login]\nheading = "Hello"')
    folder.write(
        "notices.toml",
        'time_zone = "Europe/London"\n[moved]\nuntil = 2999-01-01\ntext.es = "Hola"\ntext.en = "We moved"',
    )
    catalogue = folder.catalogue()
    (notice,) = catalogue.notices
    assert catalogue.localizer("en-GB").notice(notice).text == "We moved"
