"""The report summarizes the store, and the screen prints it."""

from __future__ import annotations

import json

import pytest

from otel_trading.ops.viewer.records import StoredEvent, StoredLog, StoredSpan
from otel_trading.ops.viewer.report import build, order_trace
from otel_trading.ops.viewer.screen import Screen
from otel_trading.ops.viewer.series import Series
from otel_trading.ops.viewer.store import Store
from otel_trading.semconv import ALL_METRICS

SERVICES = ("market-data", "signal-bridge", "risk-manager", "execution-engine")


def add_series(store: Store, name: str, value: float, count: int = 0, /, **attributes: str) -> Series:
    keys = tuple(sorted(attributes.items()))
    series = store.series["s", name, keys] = Series(
        "s", name, "", {k.replace("__", "."): v for k, v in attributes.items()}, value, count
    )
    return series


def add_trace(
    store: Store, number: int, services: tuple[str, ...], *, filled: bool = True, rooted: bool = True
) -> str:
    trace_id = f"{number:032x}"
    store.orders[trace_id] = [
        StoredSpan(
            service,
            "order limit" if service == SERVICES[-1] else f"process {depth}",
            trace_id,
            f"{number}-{depth}",
            f"{number}-{depth - 1}" if depth or not rooted else "",
            1_000 * depth,
            9_000,
            service == "risk-manager",
            {},
            (StoredEvent("trading.order.filled", 0, {}),) if filled and service == SERVICES[-1] else (),
        )
        for depth, service in enumerate(services)
    ]
    return trace_id


@pytest.fixture
def store() -> Store:
    store = Store()
    for metric in ALL_METRICS:
        add_series(store, metric.name, 2.0, 4 if metric.kind == "histogram" else 0, name="x")
    for name, values in {
        "trading.order.submitted": {"a": 5, "b": 4},
        "trading.order.completed": {"filled": 6, "rejected": 1},
    }.items():
        del store.series["s", name, (("name", "x"),)]
        for label, value in values.items():
            add_series(store, name, value, trading__order__status=label)
    return store


def test_every_order_is_accounted_for(store):
    report = build(store, {}).as_dict()
    assert report["orders"] == {"submitted": 9, "completed": 7, "open": 2, "filled": 6, "rejected": 2}


def test_metrics_with_and_without_data_are_the_catalogue(store):
    name = ("s", "trading.clock.offset", (("name", "x"),))
    del store.series[name]
    report = build(store, {}).as_dict()
    assert (report["metrics"]["with_data"], report["metrics"]["missing"]) == (53, ["trading.clock.offset"])
    assert report["metrics"]["values"]["trading.event_loop.lag"] == {
        "series": 1,
        "unit": "s",
        "count": 4,
        "mean": 0.5,
    }


def test_a_histogram_without_values_has_no_mean(store):
    add_series(store, "trading.event_loop.lag", 0.0, 0, name="x")
    assert "mean" not in build(store, {}).as_dict()["metrics"]["values"]["trading.event_loop.lag"]


def test_the_displayed_order_is_complete_filled_and_an_exemplar():
    store = Store()
    add_trace(store, 1, SERVICES, rooted=False)
    add_trace(store, 2, SERVICES, filled=False)
    add_trace(store, 3, SERVICES[1:])
    add_trace(store, 4, SERVICES)
    wanted = add_trace(store, 5, SERVICES)
    add_series(store, "trading.tick_to_trade.duration", 1.0, 1).exemplars.append(wanted)
    assert [span.service for span in order_trace(store)] == list(SERVICES)
    assert order_trace(store)[0].trace_id == wanted
    assert build(store, {}).order_is_exemplar


def test_a_trace_with_its_root_is_preferred_to_a_filled_one_without():
    store = Store()
    add_trace(store, 1, SERVICES, rooted=False)
    whole = add_trace(store, 2, SERVICES, filled=False)
    assert order_trace(store)[0].trace_id == whole


def test_without_orders_there_is_no_trace():
    report = build(Store(), {}).as_dict()
    assert report["traces"] == {
        "count": 0,
        "spans": 0,
        "services_in_order_trace": [],
        "order_trace_id": None,
        "order_trace_is_exemplar": False,
    }


def test_reported_losses_are_listed_with_the_evictions_of_the_store():
    store = Store()
    store.evicted["spans"] = 3
    report = build(store, {"traces": {"queue_full": 2}})
    assert report.dropped == {"traces": {"queue_full": 2}, "viewer": {"spans": 3}}


def test_the_report_is_json(store):
    add_trace(store, 1, SERVICES)
    assert json.loads(json.dumps(build(store, {}, {"ticks": {"sent": 1}}).as_dict()))["ticks"] == {"sent": 1}


def test_the_screen_shows_the_metrics_the_waterfall_and_the_logs(store, capsys):
    trace_id = add_trace(store, 1, SERVICES)
    store.logs.append(
        StoredLog(
            "execution-engine", 1, "INFO", "trading.order.filled", trace_id, {"trading.order.id": "c-1"}
        )
    )
    store.logs.append(StoredLog("execution-engine", 1, "INFO", "of another trace", "f" * 32, {}))
    counts = {"ticks": {"produced": 5, "sent": 4, "withheld": 1, "withheld_by_reason": {"sequence_gap": 1}}}
    with Screen(store, 30) as screen:
        screen.show({"message": "started", "part": "market_data"})
        screen.show({"message": "counts", "elapsed": 3.0, "counts": counts})
        screen.show({"message": "fault", "name": "http_5xx", "description": "the venue answers 503"})
        screen.show(None)
        screen.report(build(store, {}, counts))
        screen.failed("signal_bridge ended with exit code 1", ["Traceback"])
    shown = capsys.readouterr().out
    for text in (
        "ready    market-data",
        "3.0 s  the venue answers 503 (http_5xx)",
        "trading.order_book.update.duration",
        "order limit",
        "trading.order.filled id=c-1",
        "54 metrics with data.",
        "9 orders submitted = 7 completed (6 filled) + 2 open.",
        "5 ticks = 4 sent + 1 withheld (1 for sequence gap)",
        "signal_bridge ended with exit code 1",
    ):
        assert text in shown
    assert "of another trace" not in shown


def test_spans_are_indented_by_their_depth(store, capsys):
    add_trace(store, 1, SERVICES)
    with Screen(store, 30) as screen:
        screen.report(build(store, {}))
    lines = [
        line for line in capsys.readouterr().out.splitlines() if line.startswith(SERVICES) and "━" in line
    ]
    assert [line.index("process" if "process" in line else "order") for line in lines] == [18, 20, 22, 24]
    assert [line.count("━") for line in lines] == sorted((line.count("━") for line in lines), reverse=True)


def test_a_terminal_sees_the_progress(store, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("rich.console.Console.is_terminal", True)
    with Screen(store, 10) as screen:
        screen.show({"message": "counts", "elapsed": 5.0, "counts": {"ticks": {"sent": 1234}}})
    assert "ticks 1,234   orders 9 (6 filled, 2 open)" in capsys.readouterr().out


def test_telemetry_that_goes_to_another_endpoint_is_not_in_the_report(capsys):
    with Screen(Store(), 10, "http://127.0.0.1:4318") as screen:
        screen.report(build(Store(), {}, {"ticks": {"sent": 2}}))
    shown = capsys.readouterr().out
    assert "to http://127.0.0.1:4318" in shown
    assert "metrics" not in shown
