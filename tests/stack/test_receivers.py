"""Every alert reaches the receiver of its priority and subject, as amtool routes it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from collector.stack.build import BuildError, build
from collector.stack.programs import ALERTS
from tests.support.pages import steps_of

RULES: list[dict[str, Any]] = [
    rule
    for path in sorted((ALERTS / "rules").glob("*.yml"))
    for group in yaml.safe_load(path.read_text())["groups"]
    for rule in group["rules"]
    if "alert" in rule
]
PAGED = {"P0": "remediation,pagerduty", "P1": "slack", "P2": "email"}


@pytest.fixture(scope="module")
def amtool(_is_asked_for: None) -> Path:
    try:
        return build(["alertmanager"])["alertmanager"] / "amtool"
    except BuildError as error:
        pytest.skip(str(error))


def receivers(amtool: Path, rule: dict[str, Any], **labels: str) -> str:
    given = {"alertname": rule["alert"], **rule["labels"], **labels}
    command = [str(amtool), "config", "routes", "test", f"--config.file={ALERTS / 'alertmanager.yml'}"]
    command += [f"{name}={value}" for name, value in given.items()]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()


def wanted(rule: dict[str, Any]) -> str:
    return "deadman" if rule["alert"] == "TradingWatchdog" else PAGED[rule["labels"]["priority"]]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_what_trades_real_money_reaches_whom_its_priority_calls_for(amtool, rule):
    assert receivers(amtool, rule, deployment_environment_name="live") == wanted(rule)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
@pytest.mark.parametrize("environment", ["paper", "backtest", "test"])
def test_what_trades_none_reaches_nobody(amtool, rule, environment):
    expected = "deadman" if rule["alert"] == "TradingWatchdog" else "nobody"
    assert receivers(amtool, rule, deployment_environment_name=environment) == expected


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if rule["labels"]["category"] == "meta"], ids=lambda rule: rule["alert"]
)
def test_what_is_about_the_watching_itself_reaches_somebody(amtool, rule):
    assert receivers(amtool, rule) == wanted(rule)


def test_what_a_cause_silences_is_an_alert_that_exists():
    names = {rule["alert"] for rule in RULES}
    text = (ALERTS / "alertmanager.yml").read_text()
    inhibit = yaml.safe_load(text)["inhibit_rules"]
    for matcher in [
        m for rule in inhibit for key in ("source_matchers", "target_matchers") for m in rule[key]
    ]:
        for name in matcher.partition("alertname")[2].strip(' =~!"').split("|"):
            assert name in names or name == "TradingSLO.*", name


@pytest.mark.parametrize("priority", sorted(PAGED))
def test_the_alert_that_the_verification_sends_is_routed_as_one_of_its_class(amtool, priority):
    steps = steps_of("verification.md")
    (sent,) = (step for step in steps if "ReceiverTest" in step.text and step.mark == "by-hand")
    labels = yaml.safe_load(re.findall(r'"labels": (\{.*?\})', sent.text, re.DOTALL)[0])
    shown = steps[steps.index(sent) + 1].text.split()
    assert sorted(PAGED[labels["priority"]].split(",")) == shown
    rule = {"alert": labels.pop("alertname"), "labels": {**labels, "priority": priority}}
    assert receivers(amtool, rule) == PAGED[priority]
