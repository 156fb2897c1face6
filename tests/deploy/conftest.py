"""The site as it is deployed: gunicorn behind nginx."""

import signal

import pytest

from tests.proxies import Nginx
from tests.sites import RunningSite, environment


@pytest.fixture(scope="module")
def behind_nginx(_shared_sandbox, tmp_path_factory):
    """nginx with one instance behind it, ``.site``, which all tests of a module share. Both must be left running."""
    folder = tmp_path_factory.mktemp("behind-nginx")
    nginx = Nginx(folder)
    _shared_sandbox.reset()
    nginx.site = RunningSite(environment(_shared_sandbox, folder, **nginx.settings_of_site), workers=1)
    nginx.start(nginx.site.port)
    yield nginx
    nginx.stop()
    nginx.site.stop(signal.SIGQUIT)


@pytest.fixture
def start_site(sandbox, tmp_path):
    """A function that starts an instance which ends at once after the test, without draining."""
    running = []

    def start(*options, workers=1, **settings):
        settings = environment(sandbox, tmp_path) | settings
        if settings["PUBLIC_URL"] == "http://127.0.0.1:8000":
            del settings["PUBLIC_URL"]  # its own address
        running.append(RunningSite(settings, *options, workers=workers))
        return running[-1]

    yield start
    for site in running:
        site.stop(signal.SIGQUIT)
