"""Routes: the time that Alertmanager waits before it sends the first notification of an alert."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from otel_trading.errors import ConfigurationError
from otel_trading.ops.rules.documents import Document
from otel_trading.ops.rules.promql.expressions import Condition
from otel_trading.ops.rules.rule_file import duration, read

GROUP_WAIT: Final[Mapping[str, float]] = {"P0": 5.0, "P1": 15.0, "P2": 300.0, "META": 15.0}
"""Seconds by priority, used without an Alertmanager configuration."""

_DEFAULT: Final = "30s"
"""Alertmanager's default for a root route without `group_wait`.

https://prometheus.io/docs/alerting/latest/configuration/#route
"""

_MATCHER: Final = re.compile(r'\s*(\w+)\s*(=~|!~|!=|=)\s*"?(.*?)"?\s*')
_LIVE: Final = {"deployment_environment_name": "live"}


class Routes:
    """The routing tree of an Alertmanager configuration.

    Args:
        root: The key `route` of the configuration; None selects the waits of `GROUP_WAIT`.
    """

    def __init__(self, root: Mapping[str, Any] | None = None) -> None:
        self._root = root

    def group_wait(self, alert: str, labels: Mapping[str, str], priority: str) -> float:
        """Return the seconds that the first notification waits for others of its group.

        Args:
            alert: The alert's name.
            labels: The labels of the rule. Without an environment, the alert counts as one of `live`.
            priority: The class of the alert, such as "P0".

        Returns:
            The longest wait among the routes that match.
        """
        if self._root is None:
            return GROUP_WAIT[priority]
        return max(_waits(self._root, {**_LIVE, **labels, "alertname": alert}, _DEFAULT))


def load(path: Path) -> Routes:
    """Read the routes of an Alertmanager configuration.

    Args:
        path: The file.

    Raises:
        ConfigurationError: The file cannot be read, or has no routes.
    """
    content, _ = read(path)
    return Routes(Document(str(path), content).get("route", dict))


def _waits(route: Mapping[str, Any], labels: Mapping[str, str], inherited: str) -> list[float]:
    wait = str(route.get("group_wait", inherited))
    # The first matching child gets the alert; `continue` lets later siblings get it as well:
    # https://prometheus.io/docs/alerting/latest/configuration/#route
    found: list[float] = []
    for child in route.get("routes") or []:
        if all(_matches(matcher, labels) for matcher in child.get("matchers") or []):
            found += _waits(child, labels, wait)
            if not child.get("continue"):
                break
    return found or [duration(wait)]


def _matches(matcher: str, labels: Mapping[str, str]) -> bool:
    parts = _MATCHER.fullmatch(matcher)
    if parts is None:
        raise ConfigurationError(
            f'{matcher!r} is not a matcher of Alertmanager; write for example priority="P0"'
        )
    condition = Condition(*parts.groups())
    return condition.accepts(labels.get(condition.label, ""))
