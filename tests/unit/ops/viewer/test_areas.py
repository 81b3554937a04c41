"""The areas of the page show the received data."""

from __future__ import annotations

import time

import pytest

from otel_trading.ops.viewer.page import dropped, latency, metrics, traces, trading
from otel_trading.ops.viewer.page.frame import render
from otel_trading.ops.viewer.search import TraceQuery
from otel_trading.ops.viewer.series import Distribution
from otel_trading.ops.viewer.store import Store
from otel_trading.semconv import ALL_METRICS
from tests.unit.ops.viewer.otlp import counted, held, log, span, spans, timed

NOW = time.time()


def store_of(*requests) -> Store:
    store = Store()
    for request in requests:
        store.add_metrics(request)
    return store


def text(store: Store, key: str) -> str | None:
    return trading.tiles(store)[key].text


def test_profit_and_loss_is_the_sum_of_realised_and_open():
    store = store_of(
        held("trading.pnl.realized", 81.5, NOW, trading__strategy__name="a"),
        held("trading.pnl.realized", -1.5, NOW, trading__strategy__name="b"),
        held("trading.pnl.unrealized", -100.0, NOW),
    )
    assert text(store, "pnl") == "\N{MINUS SIGN}20.00"
    assert trading.tiles(store)["pnl"].state == "bad"
    assert text(store, "pnl_note") == "+80.00 realised, \N{MINUS SIGN}100.00 open"


def test_exposure_adds_up_both_sides():
    store = store_of(
        held("trading.portfolio.exposure", 3000.0, NOW, trading__position__direction="long"),
        held("trading.portfolio.exposure", -2000.0, NOW, trading__position__direction="short"),
    )
    assert text(store, "exposure") == "5,000"


@pytest.mark.parametrize(
    ("state", "word", "look"), [("armed", "Armed", "good"), ("tripped", "Tripped", "bad")]
)
def test_a_kill_switch_shows_its_state(state, word, look):
    requests = (
        held(
            "trading.kill_switch.status",
            float(one == state),
            NOW,
            trading__kill_switch__scope="firm",
            trading__kill_switch__state=one,
        )
        for one in ("armed", "tripped", "disabled")
    )
    tile = trading.tiles(store_of(*requests))
    assert (tile["switch"].text, tile["switch"].state, tile["switch_note"].text) == (
        word,
        look,
        "scope: firm",
    )


@pytest.mark.parametrize(("used", "look"), [(0.5, ""), (0.8, "warn"), (1.0, "bad")])
def test_a_limit_that_is_nearly_used_up_is_marked(used, look):
    store = store_of(
        held("trading.risk.limit.utilization", used, NOW, trading__risk__limit__type="position"),
        held("trading.risk.limit.utilization", 0.1, NOW, trading__risk__limit__type="daily_loss"),
    )
    note = trading.tiles(store)["positions_note"]
    assert (note.text, note.state) == (f"position limit {used:.0%} used".replace("%", " %"), look)


def test_a_value_without_data_is_not_shown_as_zero():
    tiles = trading.tiles(Store())
    assert {tiles[key].text for key in ("pnl", "drawdown", "exposure", "positions", "fill", "switch")} == {
        "\N{EN DASH}"
    }


def test_rejects_are_listed_by_reason_the_most_frequent_first():
    store = store_of(
        counted("trading.order.rejected", 2, NOW, trading__order__reject__reason="throttled"),
        counted("trading.order.rejected", 8, NOW, trading__order__reject__reason="stale_order"),
        counted("trading.order.rejected", 0, NOW, trading__order__reject__reason="unknown_symbol"),
    )
    assert trading.rejects(store) == [
        {"name": "stale_order", "text": "8", "share": 1.0},
        {"name": "throttled", "text": "2", "share": 0.25},
    ]


def test_a_feed_that_went_silent_is_marked():
    now = time.time()
    store = store_of(
        held("trading.market_data.last_message.timestamp", now, now, trading__feed__name="sip"),
        held("trading.market_data.last_message.timestamp", now - 60, now, trading__feed__name="opra"),
        counted("trading.market_data.message.missed", 5, NOW, trading__feed__name="opra"),
    )
    assert {feed["name"]: (feed["state"], feed["missed"]) for feed in trading.feeds(store)} == {
        "sip": ("good", "0"),
        "opra": ("warn", "5"),
    }


STAGE = next(stage for stage in latency.STAGES if stage.metric.name == "trading.risk.check.duration")


@pytest.mark.parametrize(
    ("counts", "verdict", "state"),
    [
        ((1000, 0, 0), "✓ 100.0 % within", "good"),
        ((97, 3, 0), "△ 97.0 % within", "warn"),
        ((90, 10, 0), "▲ 90.0 % within", "bad"),
        ((0, 0, 0), "no values", ""),
    ],
)
def test_a_stage_is_judged_by_its_objective(counts, verdict, state):
    values = latency.standing(STAGE, Distribution((0.0005, 0.005), counts, 1.0))
    shown = values[f"{STAGE.key}-verdict"]
    assert (shown.text, shown.state) == (verdict, state)


def test_a_tail_beyond_the_buckets_is_not_given_a_value():
    values = latency.standing(STAGE, Distribution((0.0005, 0.005), (0, 0, 9), 1.0))
    assert values[f"{STAGE.key}-p99"].text == "over 5 ms"


def test_the_scale_runs_from_a_microsecond_to_ten_seconds():
    places = [latency.place(seconds) for seconds in (None, 0.0, 1e-6, 1e-3, 10.0, 100.0)]
    assert places == [-1.0, 0.0, 0.0, pytest.approx(3 / 7, abs=1e-4), 1.0, 1.0]


def test_a_metric_is_live_while_its_points_are_recent():
    now = time.time()
    store = store_of(
        held("trading.clock.offset", 0.001, now), held("trading.portfolio.drawdown", 0.1, now - 300)
    )
    values = metrics.values(store)
    assert (values["trading.clock.offset-live"].text, values["trading.clock.offset-value"].text) == (
        "live",
        "1 ms",
    )
    assert values["trading.portfolio.drawdown-live"].state == "warn"
    assert values["trading.order.submitted-live"].text == "no data"
    assert values["live-count"].text == "1 of 54 live"


def test_metrics_are_found_by_every_word_of_name_unit_service_and_description():
    found = [
        metric.name for metric in ALL_METRICS if metrics.matches(metric, "Execution-Engine bps slippage")
    ]
    assert found == ["trading.execution.slippage"]


def test_the_window_shows_stored_and_evicted_items():
    store = Store(max_spans=2)
    store.add_spans(spans(*(span(number, number) for number in range(1, 6))))
    assert next(dropped.window(store)) == ("spans", "5", "2 of at most 2", "3")


def test_losses_that_services_report_are_shown_beside_refused_requests():
    store = store_of(counted("otelcol_exporter_send_failed_spans_total", 4, NOW, exporter="otlp"))
    store.note_reported("traces", "queue_full", 7)
    store.refuse("cross-site request")
    assert [tuple(loss) for loss in dropped.reported(store)] == [
        ("traces", "queue_full", "7"),
        ("risk-manager: otelcol_exporter_send_failed_spans_total", "otlp", "4"),
    ]
    assert [tuple(loss) for loss in dropped.refused(store)] == [("request", "cross-site request", "1")]


@pytest.mark.parametrize(
    ("parameters", "query"),
    [
        ({}, TraceQuery()),
        (
            {"name": " submit ", "min_us": "1,500", "errors": "1"},
            TraceQuery(name="submit", min_us=1500, errors=True),
        ),
        ({"min_us": "soon"}, TraceQuery()),
        ({"min_us": "-5", "orders": "1"}, TraceQuery(orders=True)),
    ],
)
def test_the_parameters_of_a_link_become_a_query_and_nonsense_is_ignored(parameters, query):
    assert traces.query_from(parameters) == query


def test_a_long_trace_offers_zooms_to_its_beginning():
    assert traces.cuts(114_000_000) == [(100, "100 µs"), (1000, "1 ms"), (10_000, "10 ms")]
    assert traces.cuts(1_000) == []


def test_values_from_services_are_text_and_never_markup():
    evil = "<script>alert(1)</script>"
    store = Store()
    store.add_spans(spans(span(1, 1, evil, x=evil), by=evil))
    store.add_logs(log(1, evil, by=evil, x=evil))
    page = render("log_results.html", logs=list(store.logs), kept=1, most=100, empty=False)
    page += render("facts.html", title=evil, rows=[(evil, evil, evil)])
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 6


def test_charts_are_drawn_from_the_first_value_on():
    store = store_of(timed("trading.order.fill.ratio", [0.5], [1, 1], NOW, start=NOW - 1))
    drawn = trading._orders(store)
    assert [series["name"] for series in drawn["series"]] == ["submitted", "executions", "rejected"]
    assert drawn["xAxis"]["min"] >= (NOW - 320) * 1000
