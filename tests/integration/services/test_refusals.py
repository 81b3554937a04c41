"""A service that cannot start prints the reason in one sentence, and ends with exit code 2."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import trading_system

EXAMPLES = str(Path(trading_system.__file__).parents[1])


def refusal(part: str, **env: str) -> str:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "TRADING_"))}
    done = subprocess.run(
        [sys.executable, "-m", f"trading_system.{part}"],
        env={**kept, "PYTHONPATH": EXAMPLES, "OTEL_TRADING_EXPORTERS": "none", **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({"OTEL_TRADING_ENDPOINT": "localhost"}, "endpoint"),
        ({"OTEL_TRADING_ENDPONT": "http://localhost:4317"}, "Did you mean 'OTEL_TRADING_ENDPOINT'?"),
        ({"OTEL_TRADING_EXPORTERS": "otpl"}, "Did you mean 'otlp'?"),
        (
            {"TRADING_TICKS_URL": "5561"},
            "TRADING_TICKS_URL is '5561', which does not look like 'tcp://127.0.0.1:5561'.",
        ),
    ],
)
def test_a_wrong_setting_is_reported_in_one_sentence(env, sentence):
    printed = refusal("signal_bridge", **env)
    assert printed.startswith("signal-bridge: ")
    assert sentence in printed


def test_a_busy_port_of_metrics_is_reported_in_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = str(busy.getsockname()[1])
        env = {"OTEL_TRADING_EXPORTERS": "prometheus", "OTEL_TRADING_PROMETHEUS_PORT": port}
        printed = refusal("signal_bridge", **env)
    assert printed.startswith(f"signal-bridge: Port {port} of 127.0.0.1 is in use by another process")


def test_a_busy_port_of_zeromq_is_reported_in_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as busy:
        url = f"tcp://127.0.0.1:{busy.getsockname()[1]}"
        printed = refusal("market_data", TRADING_TICKS_URL=url)
    assert printed.startswith(f"market-data: cannot bind {url} (Address already in use)")
