"""amtool routes every alert to the receiver of its priority and environment."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

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


def receivers(amtool: Path, rule: dict[str, Any], **labels: str) -> str:
    given = {"alertname": rule["alert"], **rule["labels"], **labels}
    command = [str(amtool), "config", "routes", "test", f"--config.file={ALERTS / 'alertmanager.yml'}"]
    command += [f"{name}={value}" for name, value in given.items()]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()


def wanted(rule: dict[str, Any]) -> str:
    return "deadman" if rule["alert"] == "TradingWatchdog" else PAGED[rule["labels"]["priority"]]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_live_alert_reaches_the_receiver_of_its_priority(amtool, rule):
    assert receivers(amtool, rule, deployment_environment_name="live") == wanted(rule)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
@pytest.mark.parametrize("environment", ["paper", "backtest", "test"])
def test_an_alert_of_another_environment_reaches_nobody(amtool, rule, environment):
    expected = "deadman" if rule["alert"] == "TradingWatchdog" else "nobody"
    assert receivers(amtool, rule, deployment_environment_name=environment) == expected


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if rule["labels"]["category"] == "meta"], ids=lambda rule: rule["alert"]
)
def test_an_alert_about_the_monitoring_reaches_a_receiver(amtool, rule):
    assert receivers(amtool, rule) == wanted(rule)


def test_inhibit_rules_name_existing_alerts():
    names = {rule["alert"] for rule in RULES}
    text = (ALERTS / "alertmanager.yml").read_text()
    inhibit = yaml.safe_load(text)["inhibit_rules"]
    for matcher in [
        m for rule in inhibit for key in ("source_matchers", "target_matchers") for m in rule[key]
    ]:
        for name in matcher.partition("alertname")[2].strip(' =~!"').split("|"):
            assert name in names or name == "TradingSLO.*", name


@pytest.mark.parametrize("priority", sorted(PAGED))
def test_the_alert_on_the_verification_page_is_routed_by_its_class(amtool, priority):
    steps = steps_of("verification.md")
    (sent,) = (step for step in steps if "ReceiverTest" in step.text and step.mark == "by-hand")
    labels = yaml.safe_load(re.findall(r'"labels": (\{.*?\})', sent.text, re.DOTALL)[0])
    shown = steps[steps.index(sent) + 1].text.split()
    assert sorted(PAGED[labels["priority"]].split(",")) == shown
    rule = {"alert": labels.pop("alertname"), "labels": {**labels, "priority": priority}}
    assert receivers(amtool, rule) == PAGED[priority]
