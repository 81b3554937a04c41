"""`otel-trading lint`: its output, its exit code, and its queries to Prometheus."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from otel_trading.ops import cli

HERE = Path(__file__).parent
SPECIFICATION = HERE / "specification"


def lint(capsys, *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        cli.main(["lint", *arguments])
    output = capsys.readouterr()
    return int(ended.value.code or 0), output.out, output.err


def test_findings_are_printed_and_end_with_1(capsys, monkeypatch):
    monkeypatch.chdir(SPECIFICATION)
    code, out, err = lint(capsys, "rules.yml", "--metrics", "metrics.yaml")
    assert (code, err) == (1, "")
    assert out == Path("findings.txt").read_text(encoding="utf-8")


def test_correct_rules_end_with_0(capsys):
    assert lint(capsys, str(HERE / "good"))[::2] == (0, "")


def test_our_own_rules_are_right_and_have_a_runbook_and_a_test(capsys):
    code, out, err = lint(capsys)
    assert (code, out.splitlines()[:-1], err) == (0, [], "")


def test_json_has_the_fields_of_a_finding(capsys, monkeypatch):
    monkeypatch.chdir(HERE / "bad")
    code, out, _ = lint(capsys, "range-too-short.yml", "--json")
    assert (code, json.loads(out)) == (
        1,
        {
            "ok": False,
            "rules": 1,
            "findings": [
                {
                    "file": "range-too-short.yml",
                    "line": 6,
                    "rule": "Example",
                    "check": "range-too-short",
                    "message": "rate() needs two samples, and with one every 5 s a window of 5 s does not always hold them",
                    "fix": "look back 20 s or more",
                }
            ],
        },
    )


def test_the_routes_of_an_alertmanager_count(capsys, tmp_path):
    slow = tmp_path / "alertmanager.yml"
    slow.write_text("route: {receiver: slack, group_wait: 2m}")
    rules = tmp_path / "rules.yml"
    rules.write_text(
        "groups: [{name: g, rules: [{alert: A, expr: max(trading_kill_switch_status) == 1, labels: {priority: P0}}]}]"
    )
    assert lint(capsys, str(rules))[0] == 0
    code, out, _ = lint(capsys, str(rules), "--alertmanager", str(slow))
    assert code == 1
    assert "in the worst case it is notified after 130 s, and P0 allows 60 s" in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere.yml"], "'nowhere.yml' cannot be read: No such file or directory"),
        (["good", "--metrics", "nowhere.yaml"], "'nowhere.yaml' cannot be read: No such file or directory"),
        (["good", "--runbooks", "nowhere"], "'nowhere' is not a folder"),
        (["good", "--tests", "nowhere"], "'nowhere' is not a folder"),
        (
            ["good", "--prometheus", "http://127.0.0.1:1"],
            "Prometheus at 'http://127.0.0.1:1' did not list its metrics (ConnectionError)",
        ),
    ],
)
def test_bad_input_is_one_sentence_and_ends_with_2(capsys, monkeypatch, arguments, sentence):
    monkeypatch.chdir(HERE)
    assert lint(capsys, *arguments) == (2, "", f"otel-trading: {sentence}\n")


def test_a_missing_extra_is_named_with_the_command_that_installs_it(capsys, monkeypatch):
    monkeypatch.setattr(
        "otel_trading.ops.cli.lint.find_spec", lambda name: None if name == "yaml" else object()
    )
    expected = "otel-trading: otel-trading lint needs the extra [ops]: pip install 'otel_trading[ops]'\n"
    assert lint(capsys, "rules.yml") == (2, "", expected)


def test_the_command_line_needs_no_extra_to_start():
    code = "import sys, otel_trading.ops.cli; print({'promql_parser', 'yaml'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"


BUCKETS = ["50", "5000", "+Inf"]
METADATA = {
    "execution_engine_order_submission_latency_us": "histogram",
    "execution_engine_orders_submitted_total": "counter",
    "risk_manager_risk_failures_total": "counter",
    "trading_unrealized_pnl_usd": "gauge",
}
LIVE = [
    *(
        {"__name__": "execution_engine_order_submission_latency_us_bucket", "job": "ee", "le": le}
        for le in BUCKETS
    ),
    *(
        {
            "__name__": "execution_engine_orders_submitted_total",
            "job": "ee",
            "order_type": "market",
            "status": status,
        }
        for status in ("success", "failure")
    ),
    {
        "__name__": "risk_manager_risk_failures_total",
        "job": "rm",
        "failure_type": "circuit_breaker_triggered",
    },
    {"__name__": "signal_bridge_inference_errors_total", "job": "sb", "error_type": "timeout"},
    {"__name__": "market_data_websocket_connection_failures_total", "job": "md"},
    {"__name__": "trading_unrealized_pnl_usd", "job": "rm", "symbol": "SPY"},
]


class Prometheus(BaseHTTPRequestHandler):
    """Answers as a Prometheus does that scrapes the services of the specification."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = parse_qs(parts.query).get("match[]", [])
        data = {
            "/api/v1/metadata": {name: [{"type": kind, "unit": ""}] for name, kind in METADATA.items()},
            "/api/v1/series": [s for s in LIVE if f'{{__name__="{s["__name__"]}"}}' in asked],
        }[parts.path]
        body = json.dumps({"status": "success", "data": data}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def prometheus() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Prometheus) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_a_live_prometheus_describes_metrics_that_the_vocabulary_lacks(capsys, prometheus):
    """The linter finds all flaws except one, since Prometheus does not know the largest rate of a series."""
    rules = str(SPECIFICATION / "rules.yml")
    _, out, _ = lint(capsys, rules, "--json", "--prometheus", prometheus)
    found = {(each["rule"], each["check"]) for each in json.loads(out)["findings"]}
    assert {pair for pair in found if pair[1] != "unknown-class"} == {
        ("SpecHighOrderLatency", "threshold-above-buckets"),
        ("SpecHighOrderLatency", "thin-traffic"),
        ("SpecLowFillRate", "divided-by-itself"),
        ("SpecLowFillRate", "thin-traffic"),
        ("SpecCircuitBreaker", "bare-counter"),
        ("SpecMLInference", "first-event-unseen"),
        ("SpecMaxLoss", "part-of-an-amount"),
    }
