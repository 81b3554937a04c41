"""A service in Rust shares traces, metrics and log lines with the Python services."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from collector.stack.build import CACHE
from tests.stack import otlp
from tools.drills.running import RunningStack, poll_until

FOLDER = Path(__file__).parents[2] / "examples" / "rust_service"
TARGET = CACHE.parent / "rust_service"
SERVICE = "risk-check"


@pytest.fixture(scope="module")
def program(stack: RunningStack) -> Path:
    if shutil.which("cargo") is None:
        pytest.skip(
            "the Rust service is built with cargo, which is not here: install Rust from https://rustup.rs"
        )
    command = ["cargo", "build", "--quiet", "--release", "--locked", "--target-dir", str(TARGET)]
    subprocess.run(command, cwd=FOLDER, check=True, timeout=900)
    return TARGET / "release" / "risk-check"


@contextmanager
def running(program: Path, stack: RunningStack) -> Iterator[str]:
    """Run the service with its log in the folder that the Collector reads, and yield its URL."""
    stack.log_folder.mkdir(parents=True, exist_ok=True)
    log = stack.log_folder / f"{SERVICE}.log"
    environ = {
        **os.environ,
        **stack.environ(),
        "RISK_CHECK_PORT": "0",
        "RISK_CHECK_METRICS_PORT": str(stack.metrics_ports["RISK_MANAGER_METRICS"]),
    }
    with log.open("a") as output, subprocess.Popen([str(program)], env=environ, stdout=output) as process:
        try:
            yield f"http://127.0.0.1:{poll_until('it listens', lambda: port_in(log))}"
        finally:
            process.terminate()
            assert process.wait(30) == 0


def port_in(log: Path) -> int | None:
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return next((line["fields"]["port"] for line in lines if "port" in line["fields"]), None)


def test_a_rust_service_joins_the_trace_the_metrics_and_the_logs(stack, program):
    trace_id, parent = otlp.new_trace_id(), otlp.span(otlp.new_trace_id(), "process signals", error="keep")
    parent["traceId"] = trace_id
    order = {"order_id": "o-rust", "side": "buy", "quantity": 1e6, "price": 182.1}
    with running(program, stack) as url:
        headers = {"traceparent": f"00-{trace_id}-{parent['spanId']}-01"}
        answer = requests.post(f"{url}/check", json=order, headers=headers, timeout=10).json()
        assert answer["passed"] is False
        stack.send("traces", otlp.traces([parent], "risk-manager"))
        trace = poll_until("the Rust span is in the trace", lambda: whole(stack, trace_id))
        line = poll_until("its line is there", lambda: stack.documents({"term": {"trace.id": trace_id}}))[0]
        query = 'trading_risk_check_performed_total{trading_risk_check_result="fail",job="risk-manager"}'
        poll_until("its metrics are scraped", lambda: stack.prometheus.query(query))
    (child,) = (span for span in trace["spans"] if span["operationName"] == "check order")
    assert [ref["spanID"] for ref in child["references"]] == [parent["spanId"]]
    assert trace["processes"][child["processID"]]["serviceName"] == SERVICE
    assert (line["service.name"], line["message"], line["log.level"]) == (SERVICE, "order refused", "warn")
    assert line["span.id"] == child["spanID"]


def whole(stack: RunningStack, trace_id: str) -> dict[str, Any] | None:
    trace = stack.jaeger.trace(trace_id)
    return trace if trace and len(trace["spans"]) == 2 else None
