"""Routes: the wait of an alert is the longest one of its matching routes."""

from __future__ import annotations

import pytest

from otel_trading.errors import ConfigurationError
from otel_trading.ops.rules.lint import routes

CONFIGURATION = """
route:
  receiver: slack
  group_wait: 10s
  routes:
    - {matchers: [alertname="Watchdog"], receiver: deadman, group_wait: 0s}
    - {matchers: ['priority="P0"', deployment_environment_name = live], receiver: hook, group_wait: 0s, continue: true}
    - {matchers: ['priority="P0"', 'deployment_environment_name="live"'], receiver: pager, group_wait: 5s}
    - matchers: [priority=~"P1|P2"]
      group_wait: 15s
      routes:
        - {matchers: [category!="risk"], receiver: slack}
        - {receiver: desk, group_wait: 1m}
"""


@pytest.fixture
def tree(tmp_path):
    path = tmp_path / "alertmanager.yml"
    path.write_text(CONFIGURATION, encoding="utf-8")
    return routes.load(path)


@pytest.mark.parametrize(
    ("alert", "labels", "seconds"),
    [
        ("Watchdog", {"severity": "none"}, 0),
        ("Halted", {"priority": "P0"}, 5),
        ("Halted", {"priority": "P0", "deployment_environment_name": "paper"}, 10),
        ("Slow", {"priority": "P1", "category": "latency"}, 15),
        ("Limit", {"priority": "P2", "category": "risk"}, 60),
        ("Other", {}, 10),
    ],
)
def test_the_wait_is_the_longest_one_of_the_matching_routes(tree, alert, labels, seconds):
    assert tree.group_wait(alert, labels, "P0") == seconds


@pytest.mark.parametrize(("priority", "seconds"), [("P0", 5), ("P1", 15), ("P2", 300), ("META", 15)])
def test_without_a_configuration_each_class_has_its_wait(priority, seconds):
    assert routes.Routes().group_wait("Any", {}, priority) == seconds


@pytest.mark.parametrize("text", ["receivers: []", "", "route: slack"])
def test_a_configuration_without_routes_is_refused(tmp_path, text):
    path = tmp_path / "alertmanager.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="route"):
        routes.load(path)


def test_a_text_that_is_not_a_matcher_is_named():
    tree = routes.Routes({"routes": [{"matchers": ["priority is P0"]}]})
    with pytest.raises(ConfigurationError, match="'priority is P0' is not a matcher of Alertmanager"):
        tree.group_wait("Any", {}, "P0")
