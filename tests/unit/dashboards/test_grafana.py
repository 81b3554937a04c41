"""The committed dashboards are readable, query existing series, and have the addresses that alerts link to."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from promql_parser import VectorSelector, parse

from otel_trading.ops.rules import rule_file
from otel_trading.ops.rules.promql.expressions import matchers_of, name_of, selectors, walk
from otel_trading.ops.rules.promql.metrics_file import STACK, load
from otel_trading.ops.rules.promql.vocabulary import RESOURCE_LABELS, Vocabulary, own_series
from otel_trading.semconv import ALL_METRICS
from tests.support.dashboards import BOARDS, documents
from tools.dashboards.coverage import PARSABLE, panels_of
from tools.dashboards.lines import alert_line, objective, unit
from tools.dashboards.panels import OKABE_ITO
from tools.dashboards.queries import promql, substituted

ROOT = Path(__file__).parents[3]
DOCUMENTS = documents()
RULES = rule_file.load(ROOT / "alerts" / "rules")
PANELS = [(uid, panel) for uid, document in DOCUMENTS.items() for panel in document["panels"]]
TARGETS = [(panel["title"], target["expr"]) for _, panel in PANELS for target in panel["targets"]]


def named(value: object) -> str:
    return str(value.get("title")) if isinstance(value, dict) else str(value)


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    recorded = [(rule, parse(rule.expr)) for rule in RULES if not rule.is_alert]
    return Vocabulary([*own_series(), *load(STACK)], recorded)


def test_there_are_the_three_dashboards_of_the_specification():
    assert {uid: (d["title"], d["refresh"]) for uid, d in DOCUMENTS.items()} == {
        "trading-operations": ("Real-Time Trading Operations", "5s"),
        "system-health": ("System Health & Performance", "30s"),
        "slo": ("Service Level Objectives", "30s"),
    }
    assert DOCUMENTS.keys() == BOARDS.keys()


@pytest.mark.parametrize("uid", DOCUMENTS)
def test_a_dashboard_names_its_command_and_cannot_be_edited(uid):
    document = DOCUMENTS[uid]
    assert document["uid"] == uid
    assert "by make generate. Do not edit." in document["description"]
    assert document["editable"] is False
    for variable in document["templating"]["list"]:
        assert (
            variable["type"] == "datasource" or variable["refresh"] == 2
        )  # when the time range changes, too


@pytest.mark.parametrize("uid", DOCUMENTS)
def test_a_dashboard_has_at_most_twenty_panels_that_fill_the_grid_without_overlap(uid):
    cells: dict[tuple[int, int], str] = {}
    panels = DOCUMENTS[uid]["panels"]
    assert len(panels) <= 20
    assert len({panel["title"] for panel in panels}) == len(panels)
    for panel in panels:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in cells, (panel["title"], cells[x, y])
                assert x < 24
                cells[x, y] = panel["title"]
    assert len(cells) == 24 * (1 + max(y for _, y in cells))


def test_the_most_important_panels_are_in_the_first_rows():
    first = {
        p["title"]
        for p in DOCUMENTS["trading-operations"]["panels"]
        if p["gridPos"]["y"] + p["gridPos"]["h"] <= 20
    }
    assert {"Profit and loss of the session", "Drawdown", "Kill switch", "Alerts that fire now"} <= first
    assert {"Limits used", "Orders and fills", "Rejects by reason", "Positions and exposure"} <= first


@pytest.mark.parametrize(("uid", "panel"), PANELS, ids=named)
def test_a_panel_describes_a_good_state_and_the_next_step_and_has_a_unit(uid, panel):
    assert re.match(r"Good: .+\. Otherwise: .+\.", panel["description"])
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["targets"]
    assert panel["datasource"]["uid"] == "${datasource}"


@pytest.mark.parametrize(("uid", "panel"), PANELS, ids=named)
def test_a_share_begins_at_zero_and_no_legend_is_longer_than_eight(uid, panel):
    defaults = panel["fieldConfig"]["defaults"]
    if panel["type"] in {"timeseries", "bargauge"} and defaults["unit"] == "percentunit":
        assert defaults["min"] == 0
    if panel["type"] == "timeseries":
        one_each = [t for t in panel["targets"] if "{{" not in t["legendFormat"]]
        several = [t for t in panel["targets"] if "{{" in t["legendFormat"]]
        assert len(one_each) <= 8
        closed = {"sum by (trading_order_retry_attempt)", "sum by (exporter)"}
        for target in several:
            assert target["expr"].startswith(("topk(", *closed)), target["expr"]


@pytest.mark.parametrize(("uid", "panel"), PANELS, ids=named)
def test_everybody_can_distinguish_the_colours(uid, panel):
    colors = set(re.findall(r"#[0-9A-Fa-f]{6}", str(panel)))
    assert colors <= set(OKABE_ITO)
    assert not re.search(r"'(?:color|fixedColor)': '(?!#)\w+'", str(panel))


def test_links_lead_to_the_traces_and_the_logs_of_a_service():
    for _, panel in PANELS:
        links = panel["fieldConfig"]["defaults"].get("links", [])
        assert [link["title"] for link in links] in ([], ["Traces in Jaeger", "Logs in Elasticsearch"])
        for link in links:
            assert link["url"].startswith("/explore?schemaVersion=1")
    linked = [panel for _, panel in PANELS if panel["fieldConfig"]["defaults"].get("links")]
    assert len(linked) > len(PANELS) / 2


def test_a_drawn_latency_has_exemplars():
    latencies = [p for _, p in PANELS if p["type"] == "timeseries" and "latency" in p["title"].lower()]
    assert latencies
    for panel in latencies:
        assert any(target.get("exemplar") for target in panel["targets"]), panel["title"]


@pytest.mark.parametrize(("title", "expr"), TARGETS, ids=named)
def test_a_query_reads_existing_series_by_existing_labels(vocabulary, title, expr):
    for selector in selectors(parse(substituted(expr, PARSABLE))):
        name = name_of(selector)
        if name is not None:
            assert name in vocabulary, f"{name}.{vocabulary.nearest(name)}"
        found = vocabulary.read_by(selector)
        assert found or vocabulary.recorded(name or "")
        for matcher in matchers_of(selector):
            for series in found:
                values = series.labels.get(matcher.label)
                assert matcher.label in RESOURCE_LABELS or values, (series.name, matcher)
                if values and values.known is not None:
                    assert any(map(matcher.accepts, values.known)), matcher


@pytest.mark.parametrize(("title", "expr"), TARGETS, ids=named)
def test_a_counter_is_read_by_its_rate_over_the_interval_of_the_panel(title, expr):
    assert set(re.findall(r"\b(?:rate|irate)\([^[\]]*\[([^\]]*)\]", expr)) <= {"$__rate_interval"}
    for part in walk(parse(substituted(expr, PARSABLE))):
        if isinstance(part, VectorSelector) and (name_of(part) or "").endswith(
            ("_total", "_bucket", "_count")
        ):
            assert re.search(rf"(rate|increase)\({name_of(part)}\b", expr)


@pytest.mark.parametrize("uid", DOCUMENTS)
def test_every_variable_is_used_and_every_used_variable_exists(uid):
    document = DOCUMENTS[uid]
    variables = {v["name"] for v in document["templating"]["list"]}
    used = set(re.findall(r"\$\{?(?!__)(\w+)", str(document["panels"]) + str(document["annotations"])))
    assert used == variables


def test_alerts_link_to_existing_dashboards_and_variables():
    links = {rule.annotations["dashboard"] for rule in RULES if rule.is_alert}
    for link in links:
        url = urlparse(re.sub(r"\{\{.*?\}\}", "x", link))
        document = DOCUMENTS[url.path]
        variables = {f"var-{v['name']}" for v in document["templating"]["list"]}
        assert parse_qs(url.query).keys() <= variables
    assert len(links) > 3


def test_every_metric_of_the_vocabulary_is_on_a_panel():
    shown = panels_of(BOARDS.values())
    assert shown.keys() == {metric.name for metric in ALL_METRICS}
    assert [name for name, panels in shown.items() if not panels] == []


def test_lines_are_those_of_the_rules_and_the_vocabulary():
    assert alert_line("TradingMemoryLeak", "process_memory") == 1e9
    assert alert_line("TradingMaxDailyLossExceeded", "trading_pnl") == -5000
    assert objective("trading_risk_check_duration_seconds") == (0.95, 0.0005)
    assert unit("trading_execution_slippage_bps") == "suffix: bps"
    steps = {p["title"]: p["fieldConfig"]["defaults"]["thresholds"]["steps"] for _, p in PANELS}
    assert steps["Memory"][-1]["value"] == 1e9
    assert steps["Slippage"][-1]["value"] == 50


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("NoSuchAlert",), "not enough values"), (("TradingWatchdog", "trading_"), "compares nothing")],
)
def test_a_line_that_no_rule_has_is_an_error(arguments, message):
    with pytest.raises((LookupError, ValueError), match=message):
        alert_line(*arguments)


def test_a_stage_without_an_objective_is_an_error():
    with pytest.raises(ValueError, match="has no objective"):
        objective("trading_signal_feature_duration_seconds")


def test_capital_words_are_written_out_and_variables_replaced():
    expr = promql("sum(rate(x{ENV,\n  VENUE}[RATE]))")
    assert expr == (
        'sum(rate(x{deployment_environment_name="$environment", trading_venue_name=~"$venue"}[$__rate_interval]))'
    )
    assert substituted("x{a='$b'}[${__range}]", {"b": "c", "__range": "5m"}) == "x{a='c'}[5m]"
    with pytest.raises(KeyError, match="environment"):
        substituted(expr, {})


def test_no_two_panels_of_a_dashboard_have_the_same_queries():
    for document in DOCUMENTS.values():
        exprs = [{target["expr"] for target in panel["targets"]} for panel in document["panels"]]
        assert not any(a == b for a, b in combinations(exprs, 2))
