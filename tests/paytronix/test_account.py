"""What is on a card: every amount that Paytronix writes is read, and what is odd costs no more than itself."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from app.paytronix import Account, Balance, Expiration, Unavailable
from tests.paytronix.conftest import ACCOUNT, GivenReply, make_client

GIVEN = Path(__file__).parent / "accounts"
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def read(body):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return make_client(GivenReply(body)).account_information("A", "0600000017")


def given(name):
    return read((GIVEN / f"{name}.json").read_bytes())


def part(field, value):
    """An account with one part, written as it is in JSON."""
    return read(b'{"result": "success", "%s": %s}' % (field.encode(), value.encode()))


def names(balances):
    return [balance.name for balance in balances]


def amounts(balances):
    return [balance.amount for balance in balances]


def test_an_account_reply_becomes_an_account():
    assert read(ACCOUNT) == Account(
        points=(Balance(name="Points", amount=Decimal(1250)),),
        rewards=(
            Balance(
                name="Free taco",
                amount=Decimal(2),
                expirations=(
                    Expiration(Decimal(1), date(2026, 12, 1)),
                    Expiration(Decimal(1), date(2026, 12, 31)),
                ),
            ),
        ),
        stored_value=(Balance(name="Cash", amount=Decimal("-25.50")),),
        tier="Gold",
    )


def test_every_part_of_an_account_may_be_absent_or_null():
    empty = {"pointBalances": None, "rewardBalances": [], "tierLabel": None, "primaryCard": None}
    assert read({"result": "success"}) == read({"result": "success"} | empty) == Account()


# --- Stored value ---


@pytest.mark.parametrize("field", ["storedValueBalance", "storedValueBalances"])
@pytest.mark.parametrize(
    "value", ['{"balance": "25.50"}', '[{"balance": 25.50}]', '{"balance": "2550E-2", "name": null}']
)
def test_stored_value_is_read_as_one_object_or_a_list_under_either_name(field, value):
    account = part(field, value)
    assert account.stored_value == (Balance(name="", amount=Decimal("25.50")),)
    assert account.odd_fields == ()


def test_stored_value_beside_points_as_paytronix_sends_it():
    account = given("stored-value-object")
    assert (account.tier, amounts(account.points), amounts(account.stored_value)) == (
        "Gold",
        [Decimal(65)],
        [Decimal("25.50")],
    )


def test_stored_value_under_both_names_counts_once():
    body = {"result": "success", "storedValueBalance": {"balance": "5"}, "storedValueBalances": [{"balance": "5.00"}]}
    assert amounts(read(body).stored_value) == [Decimal(5)]


def test_stored_value_that_is_odd_under_one_name_is_read_under_the_other():
    account = read({"result": "success", "storedValueBalance": {"balance": "5"}, "storedValueBalances": "25.50"})
    assert amounts(account.stored_value) == [Decimal(5)]
    assert (account.unreadable, account.odd_fields) == (frozenset(), ("storedValueBalances",))


# --- Amounts ---


def test_amounts_of_any_scale_are_read_and_one_that_is_missing_costs_its_own_wallet():
    account = given("decimals")
    assert [(each.name, each.amount) for each in account.points] == [
        ("Points", Decimal(1000)),
        ("Spend", Decimal("12.5")),
        ("Beverage points", Decimal(7)),
    ]
    assert account.odd_fields == ("pointBalances[2].balance",)
    assert account.unreadable == frozenset()


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        *((f'"{text}"', text) for text in ["0", "-3", "+3", "12.50", "0012", "999999999999999.999999"]),
        *((f'"{text}"', text) for text in ["1E+3", "-1.5E+2", "0E-50", "0E+99", "25e-1", "0." + "0" * 49 + "1"]),
        *((text, text) for text in ["1250", "-3", "25.50", "0.1", "1E+3", "123456789012345"]),
        *((json.dumps(text), text.strip()) for text in [" 25.50 ", "1\n", "25.", ".5", "-.5E+1"]),
    ],
)
def test_an_amount_is_read_to_the_last_digit_as_a_text_or_a_number(text, amount):
    account = part("pointBalances", f'[{{"balance": {text}}}]')
    assert amounts(account.points) == [Decimal(amount)]
    assert account.odd_fields == ()


ODD_AMOUNTS = ["", " ", ".", "1 2", "NaN", "Infinity", "-inf", "1e999", "1E+15", "1,250", "0x10", "١٢", "e5"]
ODD_AMOUNTS += ["--1", "9" * 16, "9" * 5000, "1E+99999999999", "1." + "0" * 5000]


@pytest.mark.parametrize("odd", [*map(json.dumps, ODD_AMOUNTS), "true", "null", "[]", "{}", "1e400", "9" * 30])
def test_what_is_no_amount_costs_its_own_wallet(odd):
    account = part("pointBalances", f'[{{"balance": {odd}, "name": "Odd"}}, {{"balance": "5", "name": "Good"}}]')
    assert names(account.points) == ["Good"]
    assert account.odd_fields == ("pointBalances[0].balance",)


def test_a_number_of_a_thousand_digits_costs_its_part_and_nothing_else():
    account = read(
        b'{"result": "success", "tierLabel": "Gold", "rewardBalances": [{"balance": "1", "name": "Taco"}], '
        b'"pointBalances": [{"balance": ' + b"9" * 5000 + b"}]}"
    )
    assert (account.tier, names(account.rewards), account.unreadable) == ("Gold", ["Taco"], {"points"})


# --- Wallets ---


def test_all_wallets_are_there_in_paytronixs_order():
    account = given("many-wallets")
    assert names(account.points) == ["Points", "Lifetime Points", "Visits", "Total Spend YTD", "Beverage Points"]
    assert account.points[3].amount == Decimal("412.55")


@pytest.mark.parametrize("nameless", [{}, {"name": None}, {"name": ""}, {"name": "  "}, {"name": 7}])
def test_a_wallet_without_a_name_takes_its_description(nameless):
    wallet = {"balance": "7", "description": "Beverage points"} | nameless
    assert names(read({"result": "success", "pointBalances": [wallet]}).points) == ["Beverage points"]


@pytest.mark.parametrize(
    ("part", "field", "odd"),
    [
        ("points", "pointBalances", {}),
        ("points", "pointBalances", "1250"),
        ("points", "pointBalances", [{"balance": "NaN"}, 7]),
        ("rewards", "rewardBalances", [{"balance": True}]),
        ("stored_value", "storedValueBalances", "25.50"),
        ("tier", "tierLabel", 2),
    ],
)
def test_a_part_of_which_nothing_can_be_read_says_so_and_leaves_the_others(part, field, odd):
    account = read(ACCOUNT | {field: odd})
    assert account.unreadable == {part}
    for other in {"points", "rewards", "stored_value", "tier"} - {part}:
        assert getattr(account, other), other


def test_an_account_of_which_nothing_can_be_read_is_still_one():
    odd = {"pointBalances": 7, "rewardBalances": [None], "storedValueBalance": {}, "tierLabel": {}, "primaryCard": 1}
    account = read({"result": "success"} | odd)
    assert account.unreadable == {"points", "rewards", "stored_value", "tier"}
    assert account.odd_fields == (
        "pointBalances",
        "rewardBalances[0]",
        "storedValueBalance[0].balance",
        "tierLabel",
        "primaryCard",
    )


def test_what_is_no_object_is_a_protocol_fault():
    with pytest.raises(Unavailable):
        read([ACCOUNT])


def test_of_many_odd_fields_some_are_named():
    assert len(read({"result": "success", "pointBalances": [{}] * 1000}).odd_fields) == 20


# --- Rewards and their ends ---


def test_a_rewards_end_that_cannot_be_read_costs_that_end_alone():
    account = given("expirations")
    assert names(account.rewards) == ["Free dessert", "Free taco", "Free coffee", "Old treat"]
    assert account.odd_fields == (
        "rewardBalances[0].expirations[0].expirationDate",
        "rewardBalances[1].expirations[1].expirationDate",
    )
    listed = account.as_of(NOON)
    assert names(listed.rewards) == ["Free dessert", "Free taco"]
    assert [each.expirations for each in listed.rewards] == [(), (Expiration(Decimal(1), date(2031, 2, 1)),)]


@pytest.mark.parametrize(
    "day", ["2026-12-01", "2026-12-01T23:01:50-0400", "2026-12-01 23:01:50", "2026-12-01 23:01:50 +0100"]
)
def test_a_day_is_read_from_each_documented_form(day):
    reward = {"balance": "1", "expirations": [{"amount": "1", "expirationDate": day}]}
    (reward,) = read({"result": "success", "rewardBalances": [reward]}).rewards
    assert reward.expirations[0].last_day == date(2026, 12, 1)


@pytest.mark.parametrize("odd", ["", "soon", "2026-13-01", "2026-02-30", "01/12/2026", "9" * 5000, None, 20261201, []])
def test_a_day_that_is_none_costs_that_day_alone(odd):
    reward = {"balance": "1", "name": "Taco", "expirations": [{"amount": "1", "expirationDate": odd}]}
    account = read({"result": "success", "rewardBalances": [reward]})
    assert [(each.name, each.expirations) for each in account.as_of(NOON).rewards] == [("Taco", ())]
    assert account.odd_fields == ("rewardBalances[0].expirations[0].expirationDate",)


@pytest.mark.parametrize("odd", [{}, "soon", [7], [None], [{"amount": "x", "expirationDate": "2026-12-01"}]])
def test_expirations_of_any_shape_leave_the_reward(odd):
    account = read({"result": "success", "rewardBalances": [{"balance": "1", "name": "Taco", "expirations": odd}]})
    assert names(account.as_of(NOON).rewards) == ["Taco"]
    assert len(account.odd_fields) == 1


def reward(balance, *ends):
    expirations = tuple(Expiration(Decimal(amount), last_day) for amount, last_day in ends)
    return Balance(name="Taco", amount=Decimal(balance), expirations=expirations)


PAST, TO_COME = date(2026, 11, 1), date(2026, 12, 24)


@pytest.mark.parametrize(
    ("balance", "ends", "shown"),
    [
        ("1", [], []),
        ("1", [("1", TO_COME)], [TO_COME]),
        ("1", [("1", None)], []),
        ("0", [], None),
        ("0E-8", [("1", TO_COME)], None),
        ("-1", [], None),
        ("1", [("1", PAST)], None),
        ("2", [("1", PAST), ("1", PAST)], None),
        ("2", [("1", PAST), ("1", TO_COME)], [TO_COME]),
        ("1", [("1", PAST), ("1", TO_COME)], [TO_COME]),  # Paytronix has taken out what has ended
        ("2", [("1", PAST)], []),  # one of the two has no end
        ("1", [("1", PAST), ("1", None)], []),
    ],
)
def test_a_reward_is_listed_while_something_of_it_is_left(balance, ends, shown):
    left = Account(rewards=(reward(balance, *ends),)).as_of(NOON).rewards
    if shown is None:
        assert left == ()
    else:
        (one,) = left
        assert [each.last_day for each in one.expirations] == shown
        assert one.amount == Decimal(balance)


@pytest.mark.parametrize(
    ("now", "is_listed"),
    [
        ("2026-12-01T23:59:59+00:00", True),
        ("2026-12-01T23:59:59-10:00", True),  # a restaurant in Honolulu is open still
        ("2026-12-02T11:59:59+00:00", True),
        ("2026-12-02T12:00:00+00:00", False),
        ("2026-12-03T01:00:00+14:00", True),
    ],
)
def test_a_day_is_over_when_it_is_over_everywhere(now, is_listed):
    account = Account(rewards=(reward("1", ("1", date(2026, 12, 1))),))
    assert bool(account.as_of(datetime.fromisoformat(now)).rewards) is is_listed


def test_points_at_zero_stay():
    account = Account(points=(Balance(name="Points", amount=Decimal(0)),))
    assert account.as_of(NOON) == account


# --- The primary card ---


def test_the_primary_card_is_told():
    assert given("card-exchanged").card_number == "0600000025"


@pytest.mark.parametrize(
    "odd", [None, [], "0600000025", {}, {"printedCardNumber": 600000025}, {"printedCardNumber": "000025"}]
)
def test_a_primary_card_without_a_whole_number_is_none(odd):
    assert read(ACCOUNT | {"primaryCard": odd}).card_number is None


def test_an_end_of_nothing_is_not_listed():
    ends = [{"amount": "0", "expirationDate": "2099-01-01"}, {"amount": "2", "expirationDate": "2099-02-01"}]
    reward = {"name": "Taco", "balance": "3", "expirations": ends}
    (left,) = read({"result": "success", "rewardBalances": [reward]}).as_of(NOON).rewards
    assert [each.amount for each in left.expirations] == [2]


@pytest.mark.parametrize("blank", ["  ", ["  "], "\u00a0"])
def test_a_name_or_a_card_of_blanks_is_none(blank):
    body = {"result": "success", "fields": {"firstName": blank}, "primaryCardNumbers": ["  "]}
    guest = make_client(GivenReply(json.dumps(body).encode())).user_information("A", "ana")
    assert (guest.first_name, guest.card_number) == (None, None)
