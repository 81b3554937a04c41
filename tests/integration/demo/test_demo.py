"""The demo shows the whole path of an order, accounts for all telemetry, and leaves no process behind."""

from __future__ import annotations

import json
import re
import signal
import socket
import zipfile
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import requests

SERVICES = ["market-data", "signal-bridge", "risk-manager", "execution-engine"]
IBM = Path(__file__).parents[3].parent / "shared/data/lean/equity/usa/tick/ibm"


def ticks_add_up(ticks: dict) -> bool:
    produced = ticks["produced"] == ticks["sent"] + ticks["withheld"]
    return produced and ticks["withheld"] == sum(ticks["withheld_by_reason"].values())


def test_a_run_with_faults_has_every_metric_and_a_complete_trace_and_loses_nothing(demo, tmp_path):
    path = tmp_path / "report.json"
    code, out, err = demo("--seconds", "25", "--report", str(path)).end()
    assert (code, err) == (0, "")
    report = json.loads(path.read_text())
    assert report["metrics"]["missing"] == []
    assert report["metrics"]["with_data"] == 54
    assert report["traces"]["services_in_order_trace"] == SERVICES
    assert report["traces"]["order_trace_is_exemplar"]
    orders = report["orders"]
    assert orders["submitted"] == orders["completed"] + orders["open"]
    assert orders["open"] == 0 < orders["filled"]
    accepted = report["venue"]["orders"]["accepted"]
    assert accepted <= orders["submitted"] <= accepted + orders["rejected"]
    assert ticks_add_up(report["ticks"])
    assert report["ticks"]["unaccounted"] == 0
    assert report["logs"]["count"] > report["logs"]["with_trace_id"] > 0
    assert report["dropped"] == {}
    assert "process quote" in out
    assert "submit order" in out


@pytest.mark.skipif(not IBM.is_dir(), reason=f"the real ticks are not at {IBM}")
def test_a_replayed_day_is_traded_and_every_line_of_its_span_is_counted(demo, tmp_path):
    path = tmp_path / "report.json"
    arguments = (
        "--replay",
        str(IBM),
        "--seconds",
        "12",
        "--speed",
        "200",
        "--no-faults",
        "--report",
        str(path),
    )
    code, _, err = demo(*arguments, OTEL_TRADING_SAMPLE_RATIO="0.5").end()
    assert (code, err) == (0, "")
    report = json.loads(path.read_text())
    replay, ticks = report["venue"]["replay"], report["ticks"]
    assert replay["lines"] == replay["ticks"] + sum(replay["dropped"].values())
    assert replay["ticks"] == ticks["produced"]
    assert ticks_add_up(ticks)
    assert ticks["unaccounted"] == 0 < ticks["received"]
    assert report["orders"]["submitted"] > 0 == report["orders"]["open"]


def test_the_address_of_the_page_is_printed_first_with_another_port_if_its_own_is_taken(demo):
    with ExitStack() as stack:
        with suppress(OSError):  # another process already uses the port, which serves as well
            stack.enter_context(socket.create_server(("127.0.0.1", 8400)))
        running = demo("--seconds", "600")
        running.wait_for("ready    venue")
    (url,) = re.findall(
        r"^Watch it at (http://127\.0\.0\.1:\d+) \(port 8400 is taken\)$", running.output, re.MULTILINE
    )
    assert running.output.startswith("Watch it at")
    assert requests.get(url, timeout=60).status_code == 200
    running.process.send_signal(signal.SIGINT)
    assert running.end()[0] == 0


def test_ctrl_c_ends_it_cleanly_with_a_report(demo):
    running = demo("--seconds", "600")
    running.wait_for("execution-engine")
    running.process.send_signal(signal.SIGINT)
    code, out, err = running.end()
    assert (code, err) == (0, "")
    assert "orders submitted =" in out
    assert running.left_behind() == []


@pytest.mark.parametrize("part", ["venue", "signal_bridge", "run"])
def test_a_killed_part_ends_the_demo_and_leaves_no_child(demo, part):
    running = demo("--seconds", "600")
    running.wait_for("execution-engine")
    running.part(part).kill()
    code, out, _ = running.end()
    assert code != 0
    assert "ended with exit code -9" in out
    assert running.left_behind() == []


def test_a_part_killed_before_it_is_ready_ends_the_demo(demo):
    running = demo("--seconds", "600")
    running.started("signal_bridge").kill()
    code, out, _ = running.end()
    assert code != 0
    assert "ended with exit code -9" in out
    assert running.left_behind() == []


def test_ctrl_c_before_everything_is_ready_ends_it_cleanly(demo):
    running = demo("--seconds", "600")
    running.started("execution_engine")
    running.process.send_signal(signal.SIGINT)
    assert running.end()[0] == 0
    assert running.left_behind() == []


def test_when_the_demo_itself_is_killed_no_child_is_left(demo):
    running = demo("--seconds", "600")
    running.wait_for("execution-engine")
    running.process.kill()
    assert running.left_behind() == []


def torn(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "20131007_trade.zip", "w") as archive:
        archive.writestr("ticks.csv", "34200000,1820000,100,N,0,0\n" * 1000)
    whole = (folder / "20131007_trade.zip").read_bytes()
    (folder / "20131007_trade.zip").write_bytes(whole[: len(whole) // 2])
    return folder


@pytest.mark.parametrize(
    ("arrange", "sentence"),
    [
        (lambda folder: folder / "none", "does not exist; give one such as .../equity/usa/tick/ibm"),
        (lambda folder: folder, "has no ticks; it needs YYYYMMDD_trade.zip and YYYYMMDD_quote.zip"),
        (torn, "is not a complete zip"),
    ],
)
def test_an_unreadable_replay_is_reported_in_one_sentence(demo, tmp_path, arrange, sentence):
    code, out, err = demo("--replay", str(arrange(tmp_path))).end()
    assert code == 2
    assert err.startswith("otel-trading: venue: the replay f")
    assert sentence in err
    assert err.count("\n") == 1
    assert "Traceback" not in out + err


def test_a_wrong_setting_of_the_services_is_reported_in_one_sentence(demo):
    code, out, err = demo("--seconds", "5", OTEL_TRADING_SAMPLE_RATIO="much").end()
    assert code == 2
    assert "sample_ratio" in err
    assert err.count("\n") == 1
    assert "Traceback" not in out + err


def test_with_an_endpoint_in_the_environment_it_exports_there(demo, tmp_path):
    from otel_trading.ops.viewer.receiver import Receiver
    from otel_trading.ops.viewer.store import Store

    store = Store()
    with Receiver(store) as receiver:
        env = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        }
        code, out, _ = demo("--seconds", "6", "--no-faults", **env).end()
    assert code == 0
    assert f"to {receiver.endpoint}" in out
    assert store.received["spans"] > 0
