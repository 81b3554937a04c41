"""`otel-trading doctor` without a stack: it names every failing hop, with the setting to look at."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = str(Path(sys.executable).with_name("otel-trading"))


@pytest.fixture(scope="module")
def nowhere() -> str:
    """Return an address of this machine without a listener."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def doctor(nowhere: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    places = ("PROMETHEUS_URL", "JAEGER_URL", "ELASTICSEARCH_URL", "OTELCOL_HEALTH_URL")
    kept = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
    given = {**kept, **dict.fromkeys(places, nowhere), "OTEL_EXPORTER_OTLP_ENDPOINT": nowhere, **environ}
    command = [PROGRAM, "doctor", "--timeout", "1", *arguments]
    return subprocess.run(command, env=given, capture_output=True, text=True, timeout=60, check=False)


def checks(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    return {check["check"]: check for check in json.loads(done.stdout)["checks"]}


def test_every_address_without_a_listener_is_named_with_its_setting(nowhere):
    done = doctor(nowhere, "--json")
    assert done.returncode == 1, done.stderr
    found = checks(done)
    failed = {name: check["setting"] for name, check in found.items() if check["state"] == "failed"}
    assert failed == {
        "port of the Collector": "OTEL_EXPORTER_OTLP_ENDPOINT",
        "Collector's health": "OTELCOL_HEALTH",
        "port of Prometheus": "PROMETHEUS_URL",
        "port of Elasticsearch": "ELASTICSEARCH_URL",
        "Jaeger": "JAEGER_URL",
        "hop to the Collector": "OTEL_EXPORTER_OTLP_ENDPOINT",
    }
    assert found["installation"]["state"] == "ok"
    assert "Connection refused" in found["port of Prometheus"]["message"]
    assert {"traces", "metrics", "logs"} <= set(
        found["hop to the Collector"]["message"].replace(":", "").split()
    )


def test_the_text_output_ends_with_a_count(nowhere):
    done = doctor(nowhere, OTEL_TRADING_EXPORTERS="console")
    assert done.returncode == 1
    *_, last = done.stdout.splitlines()
    assert last == "6 of 7 checks failed."
    assert "look at PROMETHEUS_URL" in done.stdout


def test_a_wrong_setting_is_reported_as_configure_reports_it(nowhere):
    done = doctor(nowhere, "--json", OTEL_EXPORTER_OTLP_ENDPOINT="ftp://x")
    assert done.returncode == 1
    message = checks(done)["settings"]["message"]
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in message
    assert "ftp" in message


def test_settings_without_an_otlp_exporter_fail(nowhere):
    done = doctor(nowhere, "--json", OTEL_TRADING_EXPORTERS="console")
    assert "no exporter sends OTLP" in checks(done)["settings"]["message"]
