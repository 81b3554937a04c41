"""Vocabulary: the known series that a rule may read, with their labels, units and buckets."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from promql_parser import Expr, VectorSelector

from otel_trading.errors import nearest
from otel_trading.ops.rules.promql.expressions import name_of, patterns_of
from otel_trading.ops.rules.rule_file import Rule
from otel_trading.semconv import ALL_METRICS
from otel_trading.semconv.definitions import Metric

HISTOGRAM_PARTS: Final = ("_bucket", "_sum", "_count")


@dataclass(frozen=True)
class Values:
    """The possible values of a label.

    Attributes:
        known: The closed set of values, or None if any value is possible.
        optional: Whether a series may lack the label.
    """

    known: frozenset[str] | None = None
    optional: bool = False

    def meets(self, other: Values) -> bool:
        """Return whether a label with these values can be equal to one with the other values."""
        if self.optional and other.optional:
            return True
        if self.known is None:
            return other.known is None or bool(other.known)
        return bool(self.known) if other.known is None else bool(self.known & other.known)

    def __or__(self, other: Values) -> Values:
        """Return the values of either."""
        known = None if self.known is None or other.known is None else self.known | other.known
        return Values(known, self.optional or other.optional)


ABSENT: Final = Values(frozenset(), optional=True)
"""A label that no series has."""

ANY: Final = Values(None, optional=True)
"""A label that may have any value, and may be missing."""

RESOURCE_LABELS: Final[Mapping[str, Values]] = {
    "__name__": ANY,
    "job": Values(),
    "instance": ANY,
    "service_name": ANY,
    "service_instance_id": ANY,
    "deployment_environment_name": ANY,
    "otel_scope_name": ANY,
    "otel_scope_version": ANY,
    "otel_metric_overflow": Values(frozenset({"true"}), optional=True),
}
"""The labels that every series may have: its name, its source, and the SDK's mark of an overflow.

Every series has `job`. https://opentelemetry.io/docs/specs/otel/metrics/sdk/#overflow-attribute
"""


@dataclass(frozen=True)
class KnownSeries:
    """The series of one name.

    Attributes:
        name: The name in Prometheus, with `_bucket`, `_sum` or `_count` for the parts of a histogram.
        kind: "counter", "gauge", "updowncounter" or "unknown". The parts of a histogram are counters, except
            for the sum of values that may be negative.
        labels: The labels of the series, without those of its resource.
        unit: The unit, such as "s" or "USD".
        boundaries: The finite bucket boundaries of a `_bucket`, else empty.
        born_at_zero: Whether a counter is exported with the value 0 before its first event.
        pushed: Whether the series arrives by OTLP; else Prometheus scrapes it.
        max_rate: The largest number of events that one series counts per second, or None if it is unknown.
    """

    name: str
    kind: str
    labels: Mapping[str, Values] = field(default_factory=dict)
    unit: str = ""
    boundaries: tuple[float, ...] = ()
    born_at_zero: bool = False
    pushed: bool = False
    max_rate: float | None = None

    def parts(self) -> Iterator[KnownSeries]:
        """Yield the three names of a histogram."""
        yield replace(self, name=f"{self.name}_bucket", labels={**self.labels, "le": Values()})
        # The sum of values that may be negative, such as slippage, can fall without a restart.
        is_signed = bool(self.boundaries) and self.boundaries[0] < 0
        sum_kind = "updowncounter" if is_signed else self.kind
        yield replace(self, name=f"{self.name}_sum", boundaries=(), kind=sum_kind)
        yield replace(self, name=f"{self.name}_count", boundaries=())

    def le(self, boundary: float) -> str:
        """Return the label `le` of a boundary in the notation that Prometheus uses for OTLP."""
        return "+Inf" if math.isinf(boundary) else f"{Decimal(repr(boundary)).normalize():f}"


class Vocabulary:
    """The known series and the recording rules, by name.

    Args:
        series: The series that services or the stack report.
        recorded: The recording rules with their parsed expressions.
    """

    def __init__(self, series: Iterable[KnownSeries], recorded: Iterable[tuple[Rule, Expr]] = ()) -> None:
        self._series = {each.name: each for each in series}
        self._recorded: dict[str, list[tuple[Rule, Expr]]] = {}
        for rule, expr in recorded:
            self._recorded.setdefault(rule.name, []).append((rule, expr))

    def __iter__(self) -> Iterator[KnownSeries]:
        return iter(self._series.values())

    def __contains__(self, name: str) -> bool:
        return name in self._series or name in self._recorded

    def recorded(self, name: str) -> list[tuple[Rule, Expr]]:
        """Return the recording rules that write a name, with their expressions."""
        return self._recorded.get(name, [])

    def without(self, name: str) -> Vocabulary:
        """Return a vocabulary without the recording rules of a name."""
        pairs = (pair for other, pairs in self._recorded.items() if other != name for pair in pairs)
        return Vocabulary(self, pairs)

    def read_by(self, selector: VectorSelector) -> list[KnownSeries]:
        """Return the series that a selector can find by name; all series if it selects by labels only."""
        name = name_of(selector)
        if name is not None:
            return [self._series[name]] if name in self._series else []
        return [self._series[each] for each in self.named_like(selector) if each in self._series]

    def named_like(self, selector: VectorSelector) -> list[str]:
        """Return the names that the patterns of a selector accept."""
        patterns = patterns_of(selector)
        names = [*self._series, *self._recorded]
        return [name for name in names if all(pattern.accepts(name) for pattern in patterns)]

    def nearest(self, name: str) -> str:
        """Return a hint with the known name that is most similar to an unknown one."""
        if any(f"{name}{part}" in self for part in HISTOGRAM_PARTS):
            return f" It is a histogram: its series are {name}_bucket, {name}_sum and {name}_count."
        return nearest(name, [*self._series, *self._recorded])


def own_series() -> Iterator[KnownSeries]:
    """Yield the series of this package's metrics, as they arrive by OTLP."""
    for metric in ALL_METRICS:
        labels = {
            each.key.replace(".", "_"): Values(each.values, not each.required) for each in metric.labels
        }
        series = KnownSeries(
            name=metric.prometheus,
            kind="counter" if metric.kind == "histogram" else metric.kind,
            labels=labels,
            unit=metric.unit,
            boundaries=metric.boundaries or (),
            born_at_zero=_born_at_zero(metric),
            pushed=True,
        )
        yield from series.parts() if metric.kind == "histogram" else [series]


def _born_at_zero(metric: Metric) -> bool:
    """Return whether a counter is exported as 0 from `bind` on."""
    # The types of errors are not known before they happen, so those counters begin with their first event.
    return metric.kind == "counter" and all(label.key != "error.type" for label in metric.labels)
