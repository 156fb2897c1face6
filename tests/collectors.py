"""A collector of traces for tests, which keeps what it is sent."""

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector:
    """Takes traces over HTTP as an OpenTelemetry collector does."""

    def __init__(self):
        self.raw, self.paths, collector = [], [], self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                is_zipped = self.headers.get("Content-Encoding") == "gzip"
                collector.raw.append(gzip.decompress(body) if is_zipped else body)
                collector.paths.append(self.path)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def spans(self):
        """All spans that came in; with the resource's attributes as ``resource``."""
        spans = []
        for body in self.raw:
            for of_resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for of_scope in of_resource.scope_spans:
                    spans += of_scope.spans
        return spans

    def resources(self):
        return {
            (attribute.key, attribute.value.string_value)
            for body in self.raw
            for each in ExportTraceServiceRequest.FromString(body).resource_spans
            for attribute in each.resource.attributes
        }

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def collector():
    collector = Collector()
    yield collector
    collector.stop()
