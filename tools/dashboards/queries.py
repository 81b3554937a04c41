"""Queries: PromQL as a panel asks it, with the dashboard's variables in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_WORDS: Final = {
    "ENV": 'deployment_environment_name="$environment"',
    "SERVICE": 'service_name=~"$service"',
    "VENUE": 'trading_venue_name=~"$venue"',
    "STRATEGY": 'trading_strategy_name=~"$strategy"',
    "RATE": "$__rate_interval",
}
"""What the capital words of an expression stand for, in a selector's braces or a range's brackets."""

_WORD: Final = re.compile(rf"\b({'|'.join(_WORDS)})\b")
_VARIABLE: Final = re.compile(r"\$\{?(\w+)\}?")


def promql(text: str) -> str:
    """Write the capital words of an expression out, and put it on one line.

    Args:
        text: Such as `sum(rate(trading_order_submitted_total{ENV, VENUE}[RATE]))`.
    """
    return re.sub(r"\s+", " ", _WORD.sub(lambda word: _WORDS[word[0]], text)).strip()


def substituted(expr: str, values: Mapping[str, str]) -> str:
    """Put values in the place of Grafana's variables, as Grafana does.

    Args:
        expr: Of a panel.
        values: By the variable's name, `__rate_interval` among them.

    Raises:
        KeyError: A variable has no value.
    """
    return _VARIABLE.sub(lambda variable: values[variable[1]], expr)


def quantile(share: float, prometheus: str, more: str = "") -> str:
    """Return a quantile of a histogram of the environment.

    Args:
        share: Such as 0.99.
        prometheus: The histogram's name in Prometheus.
        more: Capital words or matchers that narrow it down.
    """
    matchers = ", ".join(filter(None, ("ENV", more)))
    return f"histogram_quantile({share:g}, sum by (le) (rate({prometheus}_bucket{{{matchers}}}[RATE])))"


@dataclass(frozen=True)
class Query:
    """One query of a panel.

    Attributes:
        text: PromQL with capital words; see `promql`.
        legend: What its series are called, with labels in double braces.
        instant: Whether its last value is all that is shown.
        exemplars: Whether exemplars are drawn, each of which leads to its trace.
        unless: What has to happen before it has data, or empty if it has data whenever the system trades.
        unit: Of its values where they have another one than the panel's.
    """

    text: str
    legend: str = ""
    instant: bool = False
    exemplars: bool = False
    unless: str = ""
    unit: str = ""

    @property
    def expr(self) -> str:
        """As Grafana gets it."""
        return promql(self.text)
