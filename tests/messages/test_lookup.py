"""Which words a guest gets."""

import pytest

from app.messages.builtin import builtin

EN, ES = "in English", "in Spanish"


def entries(*names, language):
    return "[paytronix]\n" + "".join(f'"{name}" = "{name} {language}"\n' for name in names)


@pytest.mark.parametrize(
    ("code", "english", "spanish", "expected"),
    [
        ("a.b", ["a.b", "b", "a.*"], [], "a.b in English"),
        ("a.b", ["b", "a.*"], [], "b in English"),
        ("a.b", ["a.*"], [], "a.* in English"),
        ("a.b.c", ["a.*", "a.b.*"], [], "a.b.* in English"),
        ("A.B", ["a.b"], [], "a.b in English"),
        ("a.b", ["A.B"], [], "A.B in English"),
        (" a.b ", ["a.b"], [], "a.b in English"),
        ("a.b", ["a.b"], ["a.b"], "a.b in Spanish"),
        ("a.b", ["a.b"], ["b"], "b in Spanish"),
        ("a.b", ["a.b"], ["a.*"], "a.* in Spanish"),
        ("a.b", ["a.b"], ["other"], "a.b in English"),
        ("http:503", ["http:503", "http:5xx"], [], "http:503 in English"),
        ("http:503", ["http:5xx"], [], "http:5xx in English"),
        ("result:invalid_status", ["result:invalid_status"], [], "result:invalid_status in English"),
        ("user_info.not_found", ["not_found"], [], "not_found in English"),
    ],
)
def test_words_for_a_code_are_looked_for_in_order(folder, code, english, spanish, expected):
    folder.english(entries(*english, language=EN)).spanish(entries(*spanish, language=ES))
    assert folder.localizer("es").paytronix(code).text == expected


def test_a_code_without_words_gets_the_default_of_the_guests_language(folder):
    folder.english('default = "D in English"').spanish('default = "D in Spanish"')
    assert folder.localizer("es").paytronix("never.heard").text == "D in Spanish"


def test_a_code_without_words_gets_the_default_of_the_first_language_before_the_built_in_one(folder):
    folder.english('default = "D in English"')
    assert folder.localizer("es").paytronix("never.heard").text == "D in English"


def test_a_default_never_hides_words_that_somebody_has_for_the_code(folder):
    folder.english(entries("a.b", language=EN)).spanish('default = "D in Spanish"')
    localizer = folder.localizer("es")
    assert localizer.paytronix("a.b").text == "a.b in English"
    assert localizer.paytronix("timeout").code == "timeout"


def test_without_a_folder_every_code_has_built_in_words_in_the_guests_language(folder):
    folder.merchant("name = 'Olive'")
    message = folder.localizer("es").paytronix("timeout")
    assert (message.language, message.code) == ("es", "timeout")
    assert message.text.startswith("Lo sentimos")


@pytest.mark.parametrize("code", ["", ".", "...", "a." * 500, "\0", "default", "{merchant}", "*", "http:999"])
def test_any_code_at_all_gets_words(folder, code):
    assert folder.localizer().paytronix(code).text == folder.localizer().paytronix("never heard").text


def test_at_sign_in_a_code_that_nobody_knows_reads_like_a_wrong_password(folder):
    for language in ("en", "es"):
        localizer = folder.localizer(language)
        wrong = localizer.paytronix("could_not_authenticate", signing_in=True)
        for code in ("account_locked", "x.disabled", "no_matching_guests", "oauth.invalid_grant", "http:401"):
            told = localizer.paytronix(code, signing_in=True)
            assert (told.text, told.title, told.link) == (wrong.text, wrong.title, wrong.link)


def test_au_4_at_sign_in_only_what_keeps_everybody_out_has_built_in_words_of_its_own(folder):
    """AU-4: unknown user, wrong password, locked and disabled read the same."""
    told = {}
    localizer = folder.localizer()
    for section, code in builtin().entries["en"]:
        if section == "paytronix":
            message = localizer.paytronix(code.replace("*", "gone").replace("xx", "99"), signing_in=True)
            told[code] = (message.text, message.title, message.link)
    wrong = told["could_not_authenticate"]
    assert {code for code, words in told.items() if words != wrong} == {
        *("system_error", "timeout", "connection", "busy", "bad_response", "credentials"),
        *("http:403", "http:404", "http:429", "http:4xx", "http:5xx"),
    }


def test_a_label_is_read_in_the_guests_language_before_the_programmes_first_one(folder):
    folder.merchant('name = "Olive"\nlanguages = ["ar", "en"]')
    folder.write("messages/ar.toml", '[login]\npassword = "كلمة المرور"\n[site]\nsigned_out = "إلى اللقاء"\n')
    localizer = folder.localizer("en")
    assert localizer.text("login", "password") == "Password"
    assert (localizer.site("signed_out").language, localizer.site("signed_out").direction) == ("ar", "rtl")


def test_who_words_a_wrong_password_words_all_the_ways_to_say_it(folder):
    folder.english('[paytronix]\ncould_not_authenticate = "No."')
    told = {
        folder.localizer().paytronix(code, signing_in=True).text
        for code in ("could_not_authenticate", "no_matching_guests", "invalid_grant", "http:401", "account_locked")
    }
    assert told == {"No."}


@pytest.mark.parametrize(
    "code", ["system.error", "oauth.system.error", "Server_Error", "x.internal_error", "x.system_error"]
)
def test_who_words_a_failure_of_paytronix_words_all_the_ways_to_say_it(folder, code):
    folder.english('[paytronix]\nsystem_error = "Down."')
    for signing_in in (False, True):
        assert folder.localizer().paytronix(code, signing_in=signing_in).text == "Down."


def test_an_outage_without_words_is_told_in_those_of_its_kind_and_never_in_paytronixs(folder):
    folder.merchant('name = "Olive"\nshow_vendor_text = true')
    folder.english('default = "Oops."\n[paytronix]\n"http:5xx" = "Down."\nmaintenance = "Back at six."')
    localizer = folder.localizer()
    assert localizer.paytronix("who.knows", "internal").text == "internal"
    assert localizer.paytronix("who.knows", instead="http:5xx").text == "Down."
    assert localizer.paytronix("x.maintenance", instead="http:5xx").text == "Back at six."


def test_the_merchants_default_speaks_at_sign_in_too(folder):
    folder.english('default = "D"')
    assert folder.localizer().paytronix("account_locked", signing_in=True).text == "D"


def test_paytronixs_own_text_is_shown_only_to_a_merchant_who_wants_it(folder):
    assert "Vendor" not in folder.localizer().paytronix("never.heard", "Vendor says").text
    folder.merchant('name = "Olive"\nshow_vendor_text = true')
    localizer = folder.localizer()
    assert localizer.paytronix("never.heard", "Vendor <b>says</b>").text == "Vendor <b>says</b>"
    assert "Vendor" not in localizer.paytronix("timeout", "Vendor says").text


def test_paytronixs_own_text_is_cut_and_cleaned(folder):
    folder.merchant('name = "Olive"\nshow_vendor_text = true')
    localizer = folder.localizer()
    assert localizer.paytronix("x", "a\u202eb\x1b[31m\nc").text == "ab[31mc"
    assert len(localizer.paytronix("x", "long " * 1000).text) <= 200
    assert localizer.paytronix("x", "\u200b \n").code == "default"


def test_site_words_fall_back_entry_by_entry(folder):
    folder.english('[site]\nsigned_out = "Bye"').spanish('[site]\nbusy = "Lleno"')
    localizer = folder.localizer("es")
    assert localizer.site("busy").text == "Lleno"
    assert localizer.site("signed_out").text == "Bye"
    assert localizer.site("signed_out").language == "en"
    assert localizer.site("session_ended").language == "es"


def test_placeholders_are_filled_in_and_braces_in_their_values_stay(folder):
    folder.english('[site]\nthrottled = "{merchant}: {minutes} {{config}}<script> {merchant.name} {0}"')
    text = folder.localizer().site("throttled", minutes="{merchant}").text
    assert text == "Olive: {merchant} {{config}}<script> {merchant.name} {0}"


def test_an_unknown_word_in_braces_stays_as_typed_and_is_a_fault(folder):
    folder.english('[site]\nbusy = "Come to {place}"')
    assert folder.localizer().site("busy").text == "Come to {place}"
    assert "{place}" in folder.catalogue().problems[0].description


def test_an_entry_whose_placeholder_has_no_value_is_passed_over(folder):
    folder.english('[site]\nbusy = "Call {phone}"')
    assert folder.localizer().site("busy").text.startswith("It’s very busy")
    folder.merchant('name = "Olive"\nphone = "020 7946 0123"')
    assert folder.localizer().site("busy").text == "Call 020 7946 0123"


def test_an_entry_that_is_empty_once_it_is_filled_in_is_passed_over(folder):
    folder.english('[account]\ngreeting = "{first_name}"')
    assert folder.localizer().text("account", "greeting", first_name="Ana") == "Ana"
    assert folder.localizer().text("account", "greeting", first_name=" ") == "Hello,  "


def test_an_entry_may_have_a_title_and_a_next_step(folder):
    folder.merchant('name = "Olive"\n[links]\nmenu = { url = "https://example.com/menu", text = "The menu" }')
    folder.english('[site]\nno_card = { title = "{merchant}", text = "No card.", link = "menu" }')
    message = folder.localizer().site("no_card")
    assert (message.title, message.text) == ("Olive", "No card.")
    assert (message.link.url, message.link.text) == ("https://example.com/menu", "The menu")


def test_a_links_words_are_the_merchants_per_language_then_of_merchant_toml_then_built_in(folder):
    folder.merchant(
        'name = "Olive"\n[links]\nhelp = { url = "tel:123", text = "Ring" }\nregister = "https://example.com/"\nmenu = "https://example.com/m"'
    )
    folder.spanish('[links]\nhelp = "Llama"')
    assert folder.localizer("es").link("help").text == "Llama"
    assert folder.localizer("en").link("help").text == "Ring"
    assert folder.localizer("es").link("register").text == "Únete ahora"
    assert folder.localizer("en").link("menu").text == "example.com/m"
    assert folder.localizer("en").link("forgot_password") is None


def test_built_in_words_show_their_next_step_only_where_the_merchant_has_an_address(folder):
    assert folder.localizer().paytronix("could_not_authenticate").link is None
    folder.merchant('name = "Olive"\n[links]\nforgot_password = "https://example.com/"')
    assert folder.localizer().paytronix("could_not_authenticate").link.text == "Forgot your password?"


def test_the_username_is_called_by_its_kind_or_as_the_merchant_says(folder):
    assert folder.localizer("es").username_label == "Nombre de usuario"
    folder.merchant('name = "Olive"\n[username]\nkind = "email"')
    assert folder.localizer("es").username_label == "Correo electrónico"
    assert folder.localizer("es").site("username_missing").text == "Rellena «Correo electrónico»."
    folder.merchant('name = "Olive"\n[username]\nkind = "email"\nlabel = "Olive mail"')
    assert folder.localizer("en").username_label == "Olive mail"
    folder.spanish('[username]\nemail = "Correo Olive"')
    assert folder.localizer("es").username_label == "Correo Olive"


def test_a_name_that_no_words_have_is_our_own_slip_and_is_told(folder):
    with pytest.raises(KeyError, match="nonsense"):
        folder.localizer().site("nonsense")
    with pytest.raises(KeyError, match="nonsense"):
        folder.localizer().text("login", "nonsense")
