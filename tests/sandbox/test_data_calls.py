"""userInformation, accountInformation and editAccount, and what their switches change."""

import datetime as dt

import pytest

ANAS_CARD = "6000000000410017"


@pytest.fixture
def token(ana):
    return ana["access_token"]


def sign_in(call, username, password):
    return call.sign_in(username, password).json()["access_token"]


def test_user_information_answers_as_documented(call, token):
    body = call.user_information(token).json()
    assert body["result"] == "success"
    assert body["primaryCardNumbers"] == [ANAS_CARD]
    assert body["fields"]["firstName"] == "Ana"
    assert body["fields"]["username"] == "ana"
    assert body["fields"]["emailVerified"] is True
    assert body["addresses"][0]["address1"] == "1 High Street"
    assert len(body["accountIds"]) == 1


def test_blank_fields_are_left_out_and_empty_lists_are_lists(call):
    body = call.user_information(sign_in(call, "nina", "just-a-salad"), "nina").json()
    assert body["primaryCardNumbers"] == body["addresses"] == []
    assert "mobilePhone" not in body["fields"]


def test_names_of_every_script_come_back_as_they_are(call):
    names = {
        "layla@example.com": ("falafel-friday", "ليلى"),
        "kenji": ("ramen-monday", "健二"),
    }
    for username, (password, first_name) in names.items():
        body = call.user_information(sign_in(call, username, password), username).json()
        assert body["fields"]["firstName"] == first_name


def test_another_guest_is_not_found(call, token):
    assert call.user_information(token, "kenji").json()["errorCode"] == "user_info.not_found"


def test_account_information_answers_as_documented(call, token):
    body = call.account_information(token, ANAS_CARD).json()
    assert (body["result"], body["accountStatus"], body["username"]) == ("success", "ACTIVE", "ana")
    assert (body["tierCode"], body["tierLabel"]) == (2, "Gold")
    assert body["primaryCard"]["maskedCardNumber"] == "XXXXXXXXXX410017"
    assert body["pointBalances"][0]["balance"] == "1250"
    assert body["storedValueBalances"][0]["balance"] == "25.50"
    assert [reward["name"] for reward in body["rewardBalances"]] == ["Free taco", "Birthday dessert"]
    assert body["additionalCards"] == []


def test_a_reward_ends_so_many_days_from_today(call, token):
    expirations = call.account_information(token, ANAS_CARD).json()["rewardBalances"][0]["expirations"]
    ends = [dt.date.fromisoformat(expiration["expirationDate"]) for expiration in expirations]
    assert ends[1] - ends[0] == dt.timedelta(days=27)
    assert dt.timedelta(days=2) <= ends[0] - dt.datetime.now().astimezone().date() <= dt.timedelta(days=3)


def test_account_information_also_takes_the_documented_body(call, token):
    body = call.with_token(token, printedCardNumber=ANAS_CARD)
    assert call.post("guest/accountInformation", body).json()["result"] == "success"


def test_a_guest_without_rewards_has_an_empty_list(call):
    body = call.account_information(sign_in(call, "ben@example.com", "soup-of-the-day"), "6000000000410025").json()
    assert body["rewardBalances"] == []
    assert body["pointBalances"][0]["balance"] == "0"
    assert "tierLabel" not in body


def test_a_suspended_card_answers_invalid_status_without_a_code(call):
    reply = call.account_information(sign_in(call, "sam@example.com", "cold-pizza"), "6000000000410066")
    assert (reply.status_code, reply.json()) == (200, {"result": "invalid_status"})


def test_the_card_of_another_guest_is_not_found(call, token):
    assert call.account_information(token, "6000000000410025").json()["errorCode"] == "account_info.not_found"


def test_the_name_of_the_stored_value_list_is_a_switch(call, sandbox, token):
    sandbox.switch(stored_value_field="walletBalances")
    body = call.account_information(token, ANAS_CARD).json()
    assert body["walletBalances"][0]["balance"] == "25.50"
    assert "storedValueBalances" not in body


# --- An access token that is not good ---


def data_calls(call, access_token):
    return [
        call.user_information(access_token),
        call.account_information(access_token, ANAS_CARD),
        call.edit_account(access_token, ANAS_CARD),
    ]


def test_an_access_token_that_is_not_good_is_refused_by_every_data_call(call, sandbox):
    for reply in data_calls(call, "made-up"):
        assert (reply.status_code, reply.json()["errorCode"]) == (401, "invalid_token")


def test_code_and_status_of_an_invalid_token_are_switches(call, sandbox):
    sandbox.switch(invalid_token_code="token_expired", invalid_token_status=200, oauth_prefix=True)
    for reply in data_calls(call, "made-up"):
        assert (reply.status_code, reply.json()["errorCode"]) == (200, "oauth.token_expired")


@pytest.mark.parametrize(("body", "starts"), [("empty", b""), ("html", b"<!DOCTYPE html>")])
def test_an_invalid_token_may_come_without_json(call, sandbox, body, starts):
    sandbox.switch(invalid_token_body=body)
    for reply in data_calls(call, "made-up"):
        assert reply.status_code == 401
        assert reply.content[: max(len(starts), 1)].startswith(starts)
        assert (reply.content == b"") == (body == "empty")


def test_a_data_call_must_be_well_formed(call, token):
    assert call.user_information(token, authentication="anonymous").json()["errorCode"] == "invalid_request"
    assert call.user_information(token, merchantId="x").json()["errorCode"] == "invalid_request"
    assert call.user_information(token, username="").json()["errorCode"] == "invalid_request"
    body = call.with_token(token, printedCardNumber=ANAS_CARD) | {"merchantId": "777777"}
    assert call.post("guest/accountInformation", body).json()["errorCode"] == "invalid_request"


# --- editAccount ---


@pytest.mark.parametrize(
    "fields",
    [
        {"style": "typed", "firstName": ["Anna"], "optIn": ["false"], "city": [""]},
        {"style": "string", "firstName": "Anna", "optIn": "false", "city": ""},
    ],
)
def test_an_edit_in_either_style_shows_in_user_information(call, token, fields):
    reply = call.edit_account(token, ANAS_CARD, setUserFields=fields, setAccountFields={"style": "typed"})
    assert reply.json()["result"] == "success"
    shown = call.user_information(token).json()["fields"]
    assert (shown["firstName"], shown["optIn"]) == ("Anna", False)
    assert "city" not in shown


def test_a_changed_username_is_the_one_to_sign_in_with(call, token):
    call.edit_account(token, ANAS_CARD, setUserFields={"style": "string", "username": "ana.ortega"})
    assert call.sign_in("Ana.Ortega").json()["username"] == "ana.ortega"
    assert call.sign_in("ana").json()["errorCode"] == "could_not_authenticate"
    assert call.user_information(token, "ana.ortega").json()["result"] == "success"


def faulty_edit(call, token):
    return call.edit_account(
        token,
        ANAS_CARD,
        enforceUniqueFields=["username", "email"],
        setUserFields={
            "style": "typed",
            "firstName": ["Changed"],
            "mobilePhone": ["call me"],
            "email": ["kenji@example.com"],
            "lastName": "bare",
            "shoeSize": ["41"],
        },
    ).json()


def test_an_edit_with_faults_names_each_field_and_changes_nothing(call, token):
    body = faulty_edit(call, token)
    assert (body["result"], body["errorCode"]) == ("failure", "enrollment.invalid_fields")
    assert {name: found[0]["code"] for name, found in body["errorsByField"].items()} == {
        "setUserFields/mobilePhone": "invalid_format",
        "setUserFields/email": "not_unique",
        "setUserFields/lastName": "invalid_type",
        "setUserFields/shoeSize": "unknown_field",
    }
    assert all(found[0]["message"] for found in body["errorsByField"].values())
    assert call.user_information(token).json()["fields"]["firstName"] == "Ana"


def test_field_errors_may_have_other_key_names(call, sandbox, token):
    sandbox.switch(validation_error_keys="errorCode,errorMessage")
    [fault] = faulty_edit(call, token)["errorsByField"]["setUserFields/mobilePhone"]
    assert fault["errorCode"] == "invalid_format"
    assert set(fault) == {"errorCode", "errorMessage"}


def test_field_errors_may_be_codes_alone_as_before_22_25(call, sandbox, token):
    sandbox.switch(field_errors="codes")
    assert faulty_edit(call, token)["errorsByField"]["setUserFields/mobilePhone"] == ["invalid_format"]


def test_a_username_that_another_guest_has_is_refused_even_when_not_asked_to(call, token):
    body = call.edit_account(token, ANAS_CARD, setUserFields={"style": "string", "username": "Kenji"}).json()
    assert body["errorsByField"]["setUserFields/username"][0]["code"] == "not_unique"


@pytest.mark.parametrize(
    "fault",
    [
        {"setUserFields": {"firstName": ["A"]}},
        {"setUserFields": {"style": ["typed"], "firstName": ["A"]}},
        {"setUserFields": []},
        {"setAccountFields": "typed"},
        {"enforceUniqueFields": "email"},
    ],
)
def test_an_edit_must_be_well_formed(call, token, fault):
    assert call.edit_account(token, ANAS_CARD, **fault).json()["errorCode"] == "invalid_request"


# --- Accounts that are not as simple as most ---


def test_a_card_that_was_replaced_names_the_one_in_its_place(call, sandbox, token):
    sandbox.exchange_card("ana", "0600000041")
    assert call.user_information(token).json()["primaryCardNumbers"] == ["0600000041"]
    body = call.account_information(token, ANAS_CARD).json()
    assert (body["queryCardStatus"], body["primaryCard"]["printedCardNumber"]) == ("EXCHANGED", "0600000041")
    assert call.account_information(token, "0600000041").json()["pointBalances"][0]["balance"] == "1250"
    sandbox.switch(exchanged_card="refused")
    assert call.account_information(token, ANAS_CARD).json()["errorCode"] == "account_info.not_found"


@pytest.mark.parametrize(
    "body", [{}, {"username": "ana"}, {"number": "0600000025"}, {"username": "nina", "number": "0600000025"},
             {"username": "ana", "number": "6000000000410025"}, {"username": "ana", "number": "x"}],
)  # fmt: skip
def test_a_card_that_cannot_be_replaced_is_a_sentence(sandbox, body):
    with pytest.raises(AssertionError, match=r"card|must hold"):
        sandbox._control("POST", "exchange", body)


@pytest.mark.parametrize(
    ("told", "fields", "cards"),
    [("whole", True, True), ("without-name", False, True), ("without-card", True, False), ("empty", False, False)],
)
def test_user_information_may_leave_something_out(call, sandbox, token, told, fields, cards):
    sandbox.switch(user_information=told)
    body = call.user_information(token).json()
    assert ("fields" in body, "primaryCardNumbers" in body) == (fields, cards)


def test_a_guests_file_may_say_how_a_reply_is_to_be(call):
    toms = sign_in(call, "tom", "two-of-everything")
    assert call.user_information(toms, "tom").json()["primaryCardNumbers"] == ["0600000017", "0600000025"]
    olgas = sign_in(call, "olga", "odd-soup")
    body = call.account_information(olgas, "0600000033").json()
    assert body["pointBalances"][0]["balance"] == "1E+3"
    assert body["storedValueBalance"] == {"balance": "25.50"}


def test_what_is_on_the_card_can_be_out_of_reach_by_itself(call):
    token = call.sign_in("balance:503").json()["access_token"]
    assert call.user_information(token).json()["primaryCardNumbers"] == [ANAS_CARD]
    assert call.account_information(token, ANAS_CARD).status_code == 503
