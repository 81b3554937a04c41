"""The types of the generated definitions: a metric and its labels."""

from __future__ import annotations

from typing import NamedTuple


class Label(NamedTuple):
    """One label of a metric.

    Attributes:
        keyword: Its argument of `bind`, such as `feed_name`.
        key: The attribute key, such as `trading.feed.name`.
        values: The closed set of values, or None if any value is allowed.
        required: Whether `bind` requires it.
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
        unit: The UCUM unit, or `USD` or `bps`, which are not part of UCUM.
        description: One sentence.
        labels: The labels, in the order of the registry.
        service: The service that reports it, or "all".
        prometheus: The name in Prometheus, without `_bucket`, `_sum`, `_count`.
        boundaries: Bucket boundaries of a histogram in `unit`, else None.
        slo: The objective in `unit`, which is one of the boundaries, or None.
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
