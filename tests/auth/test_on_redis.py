"""On Redis as well: what depends on how an engine claims, counts and replaces."""

import pytest

from tests.auth.test_login import (  # noqa: F401
    asked,
    login,
    paytronix,
    test_a_refusal_is_three_round_trips_and_stays_counted,
    test_a_sign_in_is_three_round_trips,
    test_the_same_form_sent_at_once_is_one_password_call_and_one_sign_in,
)
from tests.auth.test_rate_limit import (  # noqa: F401
    limiter,
    test_right_passwords_never_use_up_the_tries,
    test_tries_sent_all_at_once_are_not_more_than_one_guest_s_limit,
)
from tests.auth.test_sign_ins import test_beyond_the_number_the_sign_in_that_was_longest_unused_ends  # noqa: F401


@pytest.fixture
def store_url(redis_url):
    return redis_url
