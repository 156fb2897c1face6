"""The site under gunicorn with its metrics, and what Prometheus would read of them."""

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.stores import free_ports


class Metrics:
    """What is served at a metrics address."""

    def __init__(self, port):
        self.address = f"127.0.0.1:{port}"

    def fetch(self, path):
        with requests.Session() as session:
            session.trust_env = False
            return session.get(f"http://{self.address}{path}", timeout=10)

    def text(self):
        answer = self.fetch("/metrics")
        assert answer.status_code == 200
        return answer.text

    def samples(self):
        """Value by name and labels."""
        return {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(self.text())
            for sample in family.samples
        }

    def value(self, name, **labels):
        """The value of one sample; None if there is none."""
        return self.samples().get((f"guest_login_{name}", *sorted(labels.items())))


@pytest.fixture
def metrics():
    """A metrics address that nobody uses yet."""
    return Metrics(free_ports(1)[0])


@pytest.fixture
def run_watched(run_site, metrics):
    """A function that starts the site with metrics."""

    def run(*options, **changes):
        return run_site(*options, METRICS_ADDRESS=metrics.address, **changes)

    return run
