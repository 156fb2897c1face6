"""The same sites and the same browser as the tests of the pages."""

from tests.browser.conftest import branded  # noqa: F401 - pytest finds fixtures by their names
from tests.deploy.conftest import start_site  # noqa: F401
