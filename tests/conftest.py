"""Fixtures that all tests share."""

import pytest
from hypothesis import HealthCheck, settings
from jinja2 import FileSystemBytecodeCache

from app.web.rendering import JINJA_OPTIONS

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


@pytest.fixture(scope="session", autouse=True)
def compiled_templates(tmp_path_factory):
    """Templates are compiled once for all applications of this process: that takes longer than most tests."""
    JINJA_OPTIONS["bytecode_cache"] = FileSystemBytecodeCache(tmp_path_factory.mktemp("templates"))
