"""Vocabulary: what is known of the series that a rule may read."""

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
    """What a label can be.

    Attributes:
        known: The closed set of values, or None where any value is possible.
        optional: Whether a series can be without the label.
    """

    known: frozenset[str] | None = None
    optional: bool = False

    def meets(self, other: Values) -> bool:
        """Whether two series with these values can have the same one."""
        if self.optional and other.optional:
            return True
        if self.known is None:
            return other.known is None or bool(other.known)
        return bool(self.known) if other.known is None else bool(self.known & other.known)

    def __or__(self, other: Values) -> Values:
        """Return what either can be."""
        known = None if self.known is None or other.known is None else self.known | other.known
        return Values(known, self.optional or other.optional)


ABSENT: Final = Values(frozenset(), optional=True)
"""A label that no series has."""

ANY: Final = Values(None, optional=True)
"""A label of which nothing is known."""

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
"""What every series may carry: its name, who reported it, the SDK's mark of an overflow; `job` always."""


@dataclass(frozen=True)
class KnownSeries:
    """The series of one name.

    Attributes:
        name: As Prometheus has it: with `_bucket`, `_sum` or `_count` where it is part of a histogram.
        kind: "counter", "gauge", "updowncounter" or "unknown"; the parts of a histogram are counters, but for
            the sum of what may be negative.
        labels: Its own labels, those of its resource aside.
        unit: The unit, such as "s" or "USD".
        boundaries: The finite bucket boundaries of a `_bucket`, else empty.
        born_at_zero: Whether a counter is there, with the value 0, before it counts the first event.
        pushed: Whether it comes by OTLP; else it is scraped.
        max_rate: The most that one series counts in a second, where that is known.
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
        is_signed = bool(self.boundaries) and self.boundaries[0] < 0
        sum_kind = "updowncounter" if is_signed else self.kind
        yield replace(self, name=f"{self.name}_sum", boundaries=(), kind=sum_kind)
        yield replace(self, name=f"{self.name}_count", boundaries=())

    def le(self, boundary: float) -> str:
        """Return how the label `le` of a boundary is written where Prometheus takes it by OTLP."""
        return "+Inf" if math.isinf(boundary) else f"{Decimal(repr(boundary)).normalize():f}"


class Vocabulary:
    """Everything that is known, by name.

    Args:
        series: What is reported.
        recorded: The recording rules, and their expressions.
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
        """Return the recording rules that write a name."""
        return self._recorded.get(name, [])

    def without(self, name: str) -> Vocabulary:
        """Return the vocabulary as if nothing had recorded a name."""
        pairs = (pair for other, pairs in self._recorded.items() if other != name for pair in pairs)
        return Vocabulary(self, pairs)

    def read_by(self, selector: VectorSelector) -> list[KnownSeries]:
        """Return the series that a selector can find by name; every one where it asks for labels alone."""
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
        """Name the known name that looks most like one that is not known."""
        if any(f"{name}{part}" in self for part in HISTOGRAM_PARTS):
            return f" It is a histogram: its series are {name}_bucket, {name}_sum and {name}_count."
        return nearest(name, [*self._series, *self._recorded])


def own_series() -> Iterator[KnownSeries]:
    """Yield the series of the 54 metrics, as they arrive by OTLP."""
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
    """A counter is exported as 0 from `bind` on, but which errors there are is known when they happen."""
    return metric.kind == "counter" and all(label.key != "error.type" for label in metric.labels)
