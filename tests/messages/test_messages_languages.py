"""Which language a guest gets."""

import pytest

from app.messages.languages import negotiate, tag_of


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
    voice = folder.voice("ar")
    assert (voice.language, voice.direction) == ("ar", "rtl")
    assert voice.text("login", "heading") == "تسجيل الدخول"
    assert folder.voice("en").direction == "ltr"


def test_without_a_list_guests_get_the_shipped_languages_and_those_in_the_folder(folder):
    folder.write("messages/fr.toml", "")
    assert [voice.language for voice in folder.catalogue().voices] == ["en", "es", "fr"]
    assert folder.catalogue().merchant.languages == ("en", "es", "fr")


def test_a_language_that_is_in_the_list_and_has_no_words_is_left_out_and_told(folder):
    folder.merchant('name = "Olive"\nlanguages = ["fr", "es"]')
    catalogue = folder.catalogue()
    assert catalogue.merchant.languages == ("es",)
    assert catalogue.faults[0].line == 2
    assert 'in the language "fr"' in catalogue.faults[0].problem


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
    assert tag_of(text) == tag
