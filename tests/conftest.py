"""Fixtures that all tests share."""

pytest_plugins = [
    "tests.sandboxes",
    "tests.stores",
    "tests.sites",
    "tests.postgres",
    "tests.proxies",
    "tests.collectors",
    "tests.chromium",
]
