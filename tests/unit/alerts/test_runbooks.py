"""Every alert has a runbook of the same shape, and every name in a runbook exists."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from otel_trading.ops.rules import rule_file
from otel_trading.ops.rules.lint import report
from otel_trading.ops.rules.lint.detection_time import BUDGETS
from otel_trading.ops.rules.lint.findings import Surroundings
from otel_trading.ops.rules.lint.linter import lint
from otel_trading.ops.rules.lint.routes import Routes
from otel_trading.ops.rules.promql import metrics_file
from otel_trading.ops.rules.promql.vocabulary import own_series
from otel_trading.ops.rules.rule_file import Rule
from tests.support import runbooks
from tests.support.runbooks import PAGES, Block, all_blocks, blocks_of, text_of

ROOT = Path(__file__).parents[3]
RULES = rule_file.load(ROOT / "alerts/rules")
ALERTS = {rule.name: rule for rule in RULES if rule.is_alert}
INDEX = (runbooks.FOLDER / "index.md").read_text(encoding="utf-8")

HEADINGS = [
    "What it means in money",
    "First two minutes",
    "Tell the causes apart",
    "Stop the loss",
    "Confirm it is over",
    "Write down",
]

WITHOUT_TRACES = {
    "AlertmanagerNotificationsFailing",
    "PrometheusRuleGroupOverrun",
    "TelemetryCardinalityOverflow",
    "TelemetryExporterDataLoss",
    "TelemetryExporterQueueNearFull",
    "TradingClockDrift",
    "TradingWatchdog",
}
"""Alerts whose causes no span shows."""


def names_in(reference: str) -> set[str]:
    """Return the names in backticks on a page of the reference."""
    return set(re.findall(r"`([\w.@]+)`", (ROOT / "docs/reference" / reference).read_text(encoding="utf-8")))


FIELDS = names_in("collector.md") | names_in("attributes.md")
ATTRIBUTES = names_in("attributes.md")
EVENTS = names_in("events.md")

pages = pytest.mark.parametrize("page", PAGES)


def test_every_alert_has_a_runbook_and_every_runbook_an_alert():
    assert sorted(PAGES) == sorted(ALERTS)


@pages
def test_a_runbook_has_one_shape(page):
    text = text_of(page)
    assert text.startswith(f"# {page}\n")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == HEADINGS


@pages
def test_its_first_line_names_its_class_and_easily_confused_alerts(page):
    first = text_of(page).split("\n\n")[1]
    assert first.startswith(f"**{ALERTS[page].labels['priority']}**: ")
    assert "Easily confused with" in first.replace("\n", " ")


@pages
def test_its_blocks_are_queries_and_commands(page):
    languages = ("promql", "jaeger", "elasticsearch", "bash")
    read = [block for language in languages for block in blocks_of(page, language)]
    assert text_of(page).count("```") == 2 * len(read)
    assert [block for block in read if not block.text] == []


@pages
def test_it_has_a_query_of_each_kind(page):
    assert blocks_of(page, "promql")
    assert blocks_of(page, "elasticsearch")
    assert bool(blocks_of(page, "jaeger")) == (page not in WITHOUT_TRACES)


@pages
def test_its_causes_are_a_table(page):
    (part,) = re.findall(r"^## Tell the causes apart\n(.*?)^## ", text_of(page), re.DOTALL | re.MULTILINE)
    assert part.strip().startswith("| cause | what you see |\n|--|--|\n| ")


def test_every_query_passes_the_lint_of_the_rules():
    queries = [as_rule(block) for block in all_blocks("promql")]
    series = [*metrics_file.load(metrics_file.STACK), *own_series()]
    found = lint([*RULES, *queries], series, Surroundings(Routes()))
    of_queries = [finding for finding in found if finding.file in PAGES]
    assert report.as_text(of_queries, len(queries)) == report.as_text([], len(queries))


def as_rule(block: Block) -> Rule:
    return Rule(
        file=block.page,
        line=block.number,
        group=block.page,
        interval=5.0,
        name=str(block),
        is_alert=False,
        expr=block.text,
        hold=0.0,
        labels={},
        annotations={},
    )


@pytest.mark.parametrize("block", all_blocks("elasticsearch"), ids=str)
def test_the_fields_and_events_of_a_log_search_exist(block):
    assert set(re.findall(r'"(trading\.[\w.]+)"', block.text)) <= EVENTS
    fields = set(re.findall(r"([\w.@]+):", re.sub(r'"[^"]*"', "", block.text)))
    assert fields
    assert fields <= FIELDS


@pytest.mark.parametrize("block", all_blocks("jaeger"), ids=str)
def test_a_trace_search_names_a_service_and_tags_that_exist(block):
    search = parse_qs(block.text, strict_parsing=True)
    assert search.keys() <= {"service", "operation", "tags", "minDuration"}
    assert search["service"][0] in {"market-data", "signal-bridge", "risk-manager", "execution-engine"}
    assert set(re.findall(r'"([^"]+)":', search.get("tags", [""])[0])) <= ATTRIBUTES


@pytest.mark.parametrize("path", [*PAGES.values(), runbooks.FOLDER / "index.md"], ids=lambda path: path.stem)
def test_every_link_leads_somewhere(path):
    for target, anchor in re.findall(r"\]\(([^)#:]*)#?([^)]*)\)", path.read_text(encoding="utf-8")):
        linked = path.parent / target if target else path
        assert linked.is_file()
        assert not anchor or anchor in anchors(linked)


def anchors(path: Path) -> list[str]:
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return [re.sub(r"[^\w]+", "-", heading.lower()) for heading in headings]


@pages
def test_every_alert_that_it_names_exists(page):
    named = re.findall(r"\b(?:Trading|Telemetry|Prometheus|Alertmanager)[A-Z]\w+", text_of(page))
    assert set(named) <= set(ALERTS)


def test_the_index_lists_every_alert_with_its_class_and_its_budget():
    listed = re.findall(r"^\| (\w+) \| \[(\w+)\]\(\2\.md\) \| [^|]+ \| (\d+) s \|$", INDEX, re.MULTILINE)
    expected = [
        (rule.labels["priority"], name, f"{BUDGETS[rule.labels['priority']]:.0f}")
        for name, rule in ALERTS.items()
    ]
    assert sorted(listed) == sorted(expected)
