"""Fixtures that all tests share."""

from hypothesis import HealthCheck, settings

# How long an example takes says something of the machine, and nothing of what is tested.
settings.register_profile("any machine", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

pytest_plugins = [
    "tests.sandboxes",
    "tests.stores",
    "tests.sites",
    "tests.postgres",
    "tests.words_databases",
    "tests.proxies",
    "tests.collectors",
    "tests.chromium",
]
