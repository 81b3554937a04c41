"""Every alert has its texts, its labels and its tests: it fires, stays silent, and resolves."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from otel_trading.ops.rules.rule_file import load

ALERTS = Path(__file__).parents[3] / "alerts"
RULES = {rule.name: rule for rule in load(ALERTS / "rules") if rule.is_alert}
TESTS = {path.stem: yaml.safe_load(path.read_text()) for path in sorted((ALERTS / "tests").glob("*.yml"))}
SEVERITIES = {
    "P0": {"critical"},
    "P1": {"warning"},
    "P2": {"info"},
    "META": {"none"},
}
HAND_WRITTEN = {"p0.yml": "P0", "p1.yml": "P1", "p2.yml": "P2"}
DASHBOARD = re.compile(
    r"(trading-operations|system-health)"
    r"(\?var-environment=\{\{ \$labels\.deployment_environment_name \}\})?"
)


def expectations(name: str, case: dict[str, Any]) -> list[bool]:
    """Return whether the alert is expected to fire, for each time of a case in order."""
    alerts = [each for each in case.get("alert_rule_test", []) if each["alertname"] == name]
    # cases in which the annotations do not matter
    series = [each for each in case.get("promql_expr_test", []) if f'alertname="{name}"' in each["expr"]]
    expected = [(each["eval_time"], each.get("exp_alerts")) for each in alerts]
    expected += [(each["eval_time"], each.get("exp_samples")) for each in series]
    return [bool(fires) for _, fires in sorted(expected, key=lambda each: _seconds(each[0]))]


def _seconds(duration: str) -> int:
    units = {"h": 3600, "m": 60, "s": 1}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([hms])", duration))


def test_the_fifteen_alerts_and_their_watchers_are_there():
    files = Counter(Path(rule.file).name for rule in RULES.values())
    assert {name: files[name] for name in ("p0.yml", "p1.yml", "p2.yml", "meta.yml")} == {
        "p0.yml": 5,
        "p1.yml": 6,
        "p2.yml": 4,
        "meta.yml": 10,
    }


def test_each_alert_has_a_test_file_of_its_name_and_each_test_file_an_alert():
    assert TESTS.keys() == RULES.keys()


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_an_alert_has_a_severity_and_a_category(rule):
    assert rule.labels["severity"] in SEVERITIES[rule.labels["priority"]]
    assert re.fullmatch("[a-z_]+", rule.labels["category"])
    assert HAND_WRITTEN.get(Path(rule.file).name, rule.labels["priority"]) == rule.labels["priority"]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_an_alert_has_a_summary_a_description_and_a_dashboard(rule):
    assert rule.annotations.keys() - {"traces"} == {"summary", "description", "dashboard"}
    assert re.match(r"service=[\w{}$. -]+(&|$)", rule.annotations.get("traces", "service=any"))


@pytest.mark.parametrize("rule", [r for r in RULES.values() if r.labels["priority"] != "META"], ids=str)
def test_the_texts_of_an_alert_name_its_subject_and_its_value(rule):
    text = rule.annotations["summary"] + rule.annotations["description"]
    assert "$labels." in text
    latched = rule.name in {"TradingCircuitBreakerTriggered", "TradingServiceTelemetryAbsent"}
    assert ("$value" in text) != latched, "a state has no number, everything else has one"


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_dashboard_opens_in_the_environment_of_the_alert(rule):
    link = rule.annotations["dashboard"]
    if Path(rule.file).name != "slo.yml":
        assert DASHBOARD.fullmatch(link)
    if "var-environment" not in link:
        assert "deployment_environment_name" not in rule.expr


@pytest.mark.parametrize("priority", ["P0", "META"])
def test_pages_and_the_watchdog_are_evaluated_every_five_seconds(priority):
    assert {rule.interval for rule in RULES.values() if rule.labels["priority"] == priority} == {5.0}


@pytest.mark.parametrize("name", TESTS)
def test_an_alert_has_at_least_four_cases_each_named_by_a_sentence(name):
    cases = TESTS[name]["tests"]
    assert len(cases) >= 4
    assert all(expectations(name, case) for case in cases)
    sentences = [case["name"] for case in cases]
    assert len(set(sentences)) == len(sentences)
    assert all(len(sentence.split()) >= 4 for sentence in sentences)


@pytest.mark.parametrize("name", sorted(TESTS.keys() - {"TradingWatchdog"}))
def test_the_cases_of_an_alert_show_it_firing_resolving_and_staying_silent(name):
    courses = [expectations(name, case) for case in TESTS[name]["tests"]]
    assert any((False, True) in pairwise(course) for course in courses)
    assert any(course[-1:] == [False] and True in course for course in courses)
    assert any(not any(course) for course in courses)
