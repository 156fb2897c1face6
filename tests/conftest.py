"""Fixtures that all tests share."""

pytest_plugins = ["tests.sandboxes", "tests.sites", "tests.stores", "tests.proxies", "tests.collectors"]
