"""The doctor finds its canary in each backend, and names a backend without it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools.drills.running import RunningStack, poll_until

PROGRAM = str(Path(sys.executable).with_name("otel-trading"))
HOPS = {"hop to the Collector", "hop to Prometheus", "hop to Jaeger", "hop to Elasticsearch"}


def doctor(stack: RunningStack, **environ: str) -> tuple[int, dict[str, dict[str, Any]]]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
    done = subprocess.run(
        [PROGRAM, "doctor", "--json", "--timeout", "12"],
        env={**kept, **stack.environ(), **environ},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    answer = json.loads(done.stdout)
    assert answer["ok"] is (done.returncode == 0), done.stderr
    return done.returncode, {check["check"]: check for check in answer["checks"]}


def test_all_is_well(own_stack):
    poll_until("the Collector was scraped", lambda: own_stack.prometheus.query('target_info{job="otelcol"}'))
    code, checks = doctor(own_stack)
    assert code == 0
    assert checks.keys() >= HOPS
    assert {check["state"] for check in checks.values()} <= {"ok", "look"}
    for hop in HOPS:
        assert 0 < checks[hop]["milliseconds"] < 15_000
    assert checks["version of Collector"]["message"] == "0.157.0"
    assert checks["version of Prometheus"]["message"] == "3.16.0"
    assert checks["clock"]["state"] == "ok"


@pytest.mark.parametrize(
    ("program", "hop", "setting"),
    [
        ("prometheus", "hop to Prometheus", "PROMETHEUS_URL"),
        ("jaeger", "hop to Jaeger", "JAEGER_OTLP_URL"),
        ("elasticsearch", "hop to Elasticsearch", "ELASTICSEARCH_URL"),
        ("otelcol", "hop to the Collector", "OTEL_EXPORTER_OTLP_ENDPOINT"),
    ],
)
def test_a_program_that_is_down_is_named_with_the_setting_to_look_at(own_stack, program, hop, setting):
    own_stack.programs.stop(program)
    try:
        code, checks = doctor(own_stack)
    finally:
        own_stack.programs.start(program)
    assert code == 1
    assert checks[hop]["state"] == "failed"
    assert setting in checks[hop]["setting"]
    others = HOPS - {hop} if program != "otelcol" else set()
    assert {checks[other]["state"] for other in others} <= {"ok"}
