"""Live metrics: reads the metrics that rules use from a running Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from math import isfinite
from typing import Any, Final

import requests
from promql_parser import VectorSelector, parse

from otel_trading.errors import ConfigurationError
from otel_trading.ops.rules.promql.expressions import name_of, selectors
from otel_trading.ops.rules.promql.vocabulary import HISTOGRAM_PARTS, RESOURCE_LABELS, KnownSeries, Values
from otel_trading.ops.rules.rule_file import Rule

_TIMEOUT: Final = 10.0
_CURRENCIES: Final = frozenset({"CHF", "EUR", "GBP", "JPY", "USD"})
_AMOUNTS: Final = frozenset({"exposure", "loss", "notional", "pnl", "profit"})
"""Words in the names of gauges whose series can be added up; Prometheus does not know which ones can."""

_NOT_OWN: Final = RESOURCE_LABELS.keys() | {"__name__"}


def read(url: str, rules: Iterable[Rule]) -> Iterator[KnownSeries]:
    """Ask Prometheus for the metrics that rules read.

    Args:
        url: The URL of Prometheus, such as `http://127.0.0.1:9999`.
        rules: The rules to check.

    Yields:
        The series that Prometheus has. A series that arrived by OTLP has no metadata, so its kind comes from
            its name.

    Raises:
        ConfigurationError: Prometheus does not answer.
    """
    names = {name_of(selector) for rule in rules for selector in _selectors(rule)} - {None}
    if not names:
        return
    kinds = _get(url, "metadata", {})
    found = _get(url, "series", {"match[]": [f'{{__name__="{name}"}}' for name in sorted(map(str, names))]})
    by_name = sorted(found, key=lambda labels: str(labels["__name__"]))
    for name, group in groupby(by_name, key=lambda labels: str(labels["__name__"])):
        yield _series(name, list(group), kinds)


def _selectors(rule: Rule) -> Iterator[VectorSelector]:
    try:
        yield from selectors(parse(rule.expr))
    except ValueError:
        return  # the linter reports the syntax error


def _series(name: str, group: list[dict[str, str]], kinds: dict[str, list[dict[str, Any]]]) -> KnownSeries:
    base = next((name.removesuffix(part) for part in HISTOGRAM_PARTS if name.endswith(part)), name)
    (metadata, *_) = kinds.get(name) or kinds.get(base) or [{}]
    labels = {label for series in group for label in series} - _NOT_OWN
    last = name.rpartition("_")[2].upper()
    return KnownSeries(
        name=name,
        kind=_kind(name, str(metadata.get("type", "unknown"))),
        labels={label: Values(None, optional=not all(label in s for s in group)) for label in labels},
        unit=str(metadata.get("unit") or (last if last in _CURRENCIES else "")),
        boundaries=tuple(sorted({float(s["le"]) for s in group if isfinite(float(s.get("le", "inf")))})),
    )


def _kind(name: str, metadata_type: str) -> str:
    # The metadata has the type of a whole histogram, and each of its series is a counter.
    if metadata_type in {"histogram", "summary"} or name.endswith(("_total", "_bucket")):
        return "counter" if name.endswith(("_total", *HISTOGRAM_PARTS)) else "gauge"
    if metadata_type == "gauge" and _AMOUNTS.intersection(name.split("_")):
        return "updowncounter"
    return metadata_type if metadata_type in {"counter", "gauge"} else "unknown"


def _get(url: str, resource: str, params: dict[str, list[str]]) -> Any:
    try:
        answer = requests.get(f"{url}/api/v1/{resource}", params=params, timeout=_TIMEOUT)
        answer.raise_for_status()
        return answer.json()["data"]
    except (requests.RequestException, KeyError, ValueError) as error:
        raise ConfigurationError(
            f"Prometheus at {url!r} did not list its metrics ({type(error).__name__})"
        ) from error
