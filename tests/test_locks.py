"""The lock files name everything that an installation needs, on each Python that the project allows."""

import importlib.metadata
import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.sites import ROOT

PYTHONS = ("3.11.0", "3.11.2", "3.12.0", "3.13.0", "3.14.0")  # 3.11.2 is Debian 12's
LOCKS = ("requirements.lock", "requirements-console.lock", "requirements-dev.lock")


def locked(file):
    names = re.findall(r"^([\w.-]+)==", (ROOT / file).read_text(), re.MULTILINE)
    return {canonicalize_name(name) for name in names}


@pytest.mark.parametrize("file", LOCKS)
@pytest.mark.parametrize("python", PYTHONS)
def test_what_a_locked_package_needs_is_locked_too(file, python):
    names = locked(file)
    assert names
    here = {"python_full_version": python, "python_version": ".".join(python.split(".")[:2]), "extra": ""}
    for name in names:
        try:
            wanted = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # for another Python or system than this one
        for requirement in map(Requirement, wanted):
            if requirement.marker is None or requirement.marker.evaluate(here):
                assert canonicalize_name(requirement.name) in names, f"{name} needs {requirement}"


@pytest.mark.parametrize("file", LOCKS)
def test_a_lock_holds_hashes_and_no_address(file):
    text = (ROOT / file).read_text()
    assert "://" not in text
    assert len(re.findall(r"==.* \\$", text, re.MULTILINE)) == len(re.findall(r"^[\w.-]+==", text, re.MULTILINE))


def test_the_console_runs_on_the_releases_that_the_tests_run_on():
    pins = {
        file: dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / file).read_text(), re.MULTILINE))
        for file in ("requirements-console.lock", "requirements-dev.lock")
    }
    assert set(pins["requirements-console.lock"].items()) <= set(pins["requirements-dev.lock"].items())
