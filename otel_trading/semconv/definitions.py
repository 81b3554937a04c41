"""The shape of a metric's definition, which the generated modules fill."""

from __future__ import annotations

from typing import NamedTuple


class Label(NamedTuple):
    """One label of a metric.

    Attributes:
        keyword: How `bind` calls it, such as `feed_name`.
        key: The attribute key, such as `trading.feed.name`.
        values: The closed set of values, or None where any value is allowed.
        required: Whether `bind` insists on it.
    """

    keyword: str
    key: str
    values: frozenset[str] | None
    required: bool


class Metric(NamedTuple):
    """One metric of the registry.

    Attributes:
        name: The OpenTelemetry name.
        kind: "histogram", "counter", "updowncounter" or "gauge".
        unit: The UCUM unit, or `USD` and `bps`, which UCUM does not have.
        description: One sentence.
        labels: What `bind` takes, in the order of the registry.
        service: The service that reports it, or "all".
        prometheus: The name in Prometheus, without `_bucket`, `_sum`, `_count`.
        boundaries: Bucket boundaries of a histogram in `unit`.
        slo: The objective in `unit`, which is one of the boundaries.
        headline: Whether the monitoring specification names it.
    """

    name: str
    kind: str
    unit: str
    description: str
    labels: tuple[Label, ...]
    service: str
    prometheus: str
    boundaries: tuple[float, ...] | None
    slo: float | None
    headline: bool
