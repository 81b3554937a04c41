"""`otel-trading view` as a user runs it: offline, for this machine only, and with its data restored."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest
import requests
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.unit.ops.viewer.otlp import log, span, spans

PATIENCE = 60
AREAS = ("/", "/latency", "/traces", "/logs", "/metrics", "/dropped", "/metrics/trading.order.submitted")


class View:
    """A running `otel-trading view` on free ports."""

    def __init__(self, *arguments: str) -> None:
        command = [str(Path(sys.executable).with_name("otel-trading")), "view", *arguments]
        ports = ["--port", "0", "--otlp-grpc", "0", "--otlp-http", "0"]
        self.process = subprocess.Popen(
            [*command, *ports], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        output = "".join(iter(self.process.stdout.readline, "Press Ctrl-C to stop.\n"))
        self.url, _, self.endpoint = re.findall(r"http://127\.0\.0\.1:\d+", output)

    def send(self) -> None:
        order = span(7, 1, "order limit", failed=False, trading__order__id="c-17")
        for path, request in {
            "traces": ExportTraceServiceRequest(resource_spans=spans(order, by="execution-engine")),
            "logs": ExportLogsServiceRequest(resource_logs=log(7, "trading.order.filled")),
        }.items():
            url = f"{self.endpoint}/v1/{path}"
            assert requests.post(url, data=request.SerializeToString(), timeout=PATIENCE).status_code == 200

    def get(self, path: str, **headers: str) -> requests.Response:
        return requests.get(urljoin(self.url, path), headers=headers, timeout=PATIENCE)

    def end(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGTERM)
        _, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, err


@pytest.fixture
def view() -> Iterator[Callable[..., View]]:
    started: list[View] = []

    def start(*arguments: str) -> View:
        started.append(View(*arguments))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.end()


def test_every_area_is_served_empty_and_full_without_other_hosts_until_sigterm(view):
    running = view()
    welcome = running.get("/").text
    assert "Nothing has arrived yet" in welcome
    assert f"OTEL_EXPORTER_OTLP_ENDPOINT={running.endpoint}" in welcome
    for area in (*AREAS, "/traces/" + "0" * 32):
        assert_is_whole_and_offline(running, area)
    running.send()
    for area in (*AREAS, f"/traces/{7:032x}", "/traces?order_id=c-1", f"/logs?trace_id={7:032x}"):
        assert_is_whole_and_offline(running, area)
    assert "c-17" in running.get("/traces?order_id=c-1").text
    assert "trading.order.filled" in running.get(f"/traces/{7:032x}").text
    assert running.end() == (0, "")


def assert_is_whole_and_offline(running: View, area: str) -> None:
    page = running.get(area)
    assert page.status_code == 200
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert fetched_from_elsewhere(page.text) == []
    for style in re.findall(r'(?:href|url)[=(]"(/[^"]+\.css)"', page.text):
        assert fetched_from_elsewhere(running.get(style).text) == []


def fetched_from_elsewhere(text: str) -> list[str]:
    """Return the URLs that a browser would fetch from other hosts, which does not include links."""
    fetching = (
        r'(?:src=|url\(|@import |"imports": \{[^}]*|<link [^>]*href=)\\?["\']?((?:https?:)?//[^"\')\s]+)'
    )
    return [found for found in re.findall(fetching, text) if not found.startswith("//127.0.0.1")]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "rebound.example"},
        {"Origin": "https://foreign.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
    ids=["foreign host", "foreign origin", "cross-site"],
)
def test_a_foreign_request_gets_nothing(view, headers):
    running = view()
    for path in ("/", "/static/page.css", "/_nicegui_ws/socket.io/?EIO=4&transport=polling"):
        assert running.get(path, **headers).status_code == 403
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "x" * 22 + "==",
    }
    assert (
        running.get("/_nicegui_ws/socket.io/?EIO=4&transport=websocket", **upgrade, **headers).status_code
        == 403
    )
    assert "4" in running.get("/dropped").text


def test_with_a_file_all_data_is_restored_after_a_kill(view, tmp_path):
    first = view("--db", str(tmp_path / "view.db"))
    first.send()
    first.process.kill()
    first.process.communicate()
    again = view("--db", str(tmp_path / "view.db"))
    assert "c-17" in again.get("/traces?orders=1").text


def test_a_taken_port_is_one_sentence(view):
    port = view().url.rpartition(":")[2]
    command = [str(Path(sys.executable).with_name("otel-trading")), "view", "--port", port]
    done = subprocess.run(
        [*command, "--otlp-grpc", "0", "--otlp-http", "0"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"otel-trading: port {port} of 127.0.0.1 is taken: stop the program that uses it, or choose another with --port\n"
    )
