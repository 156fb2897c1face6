"""The site as it is deployed."""

import pytest

pytest.register_assert_rewrite("tests.deploy.wire")  # so that its assertions show what they have compared
