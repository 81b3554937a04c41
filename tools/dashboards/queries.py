"""Queries: the PromQL of a panel, with the variables of the dashboard."""

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
"""The meaning of each capital word of an expression, in a selector's braces or a range's brackets."""

_WORD: Final = re.compile(rf"\b({'|'.join(_WORDS)})\b")
_VARIABLE: Final = re.compile(r"\$\{?(\w+)\}?")


def promql(text: str) -> str:
    """Replace the capital words of an expression, and put it on one line.

    Args:
        text: An expression such as `sum(rate(trading_order_submitted_total{ENV, VENUE}[RATE]))`.
    """
    return re.sub(r"\s+", " ", _WORD.sub(lambda word: _WORDS[word[0]], text)).strip()


def substituted(expr: str, values: Mapping[str, str]) -> str:
    """Replace Grafana's variables by values, as Grafana does.

    Args:
        expr: The expression of a panel.
        values: The values by the names of the variables, `__rate_interval` included.

    Raises:
        KeyError: A variable has no value.
    """
    return _VARIABLE.sub(lambda variable: values[variable[1]], expr)


def quantile(share: float, prometheus: str, more: str = "") -> str:
    """Return a quantile of a histogram of the environment.

    Args:
        share: The quantile, such as 0.99.
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
        legend: The name of its series, with labels in double braces.
        instant: Whether the panel shows only its last value.
        exemplars: Whether the panel draws exemplars, each of which links to its trace.
        unless: The event before which it has no data; empty if it has data whenever the system trades.
        unit: The unit of its values, if it differs from the panel's.
    """

    text: str
    legend: str = ""
    instant: bool = False
    exemplars: bool = False
    unless: str = ""
    unit: str = ""

    @property
    def expr(self) -> str:
        """The expression that Grafana gets."""
        return promql(self.text)
