"""Negative histograms: add count and sum to histograms that have a negative boundary.

OpenMetrics forbids the sum of a histogram with a negative boundary
(https://prometheus.io/docs/specs/om/open_metrics_spec/#histogram-1), and prometheus_client omits the count as
well, in every format. Without both, the Collector drops the histogram and no query can average slippage.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from opentelemetry.sdk.metrics.export import Histogram, MetricsData
from prometheus_client import Metric as Family
from prometheus_client.samples import Sample

from otel_trading.pipeline.clean.metrics_data import each_metric

Key: TypeAlias = tuple[str, frozenset[tuple[str, str]]]
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_]")


def sums_of(data: MetricsData) -> dict[Key, float]:
    """Return the sum of each histogram point with a negative boundary, by name and labels.

    Args:
        data: One collection, before its conversion for Prometheus.
    """
    return {
        (_prometheus_name(metric.name), _labels(point.attributes or {})): point.sum
        for _, _, metric in each_metric(data)
        if isinstance(metric.data, Histogram)
        for point in metric.data.data_points
        if point.explicit_bounds and point.explicit_bounds[0] < 0
    }


def complete(families: Iterable[Family], sums: Mapping[Key, float], resource_labels: frozenset[str]) -> None:
    """Add `_count` and `_sum` to each histogram family that lacks them, in place.

    Args:
        families: The collected families.
        sums: The result of `sums_of` for the same collection.
        resource_labels: The names of the labels that come from the resource and not from a point.
    """
    for family in families:
        if family.type == "histogram" and not any(s.name.endswith("_count") for s in family.samples):
            totals = [sample for sample in family.samples if sample.labels.get("le") == "+Inf"]
            for total in totals:
                family.samples += _count_and_sum(family, total, sums, resource_labels)


def _count_and_sum(
    family: Family, total: Sample, sums: Mapping[Key, float], resource_labels: frozenset[str]
) -> Iterable[Sample]:
    labels = {key: value for key, value in total.labels.items() if key != "le"}
    own = frozenset((key, value) for key, value in labels.items() if key not in resource_labels)
    for (name, point_labels), value in sums.items():
        if point_labels == own and family.name.startswith(name):
            yield Sample(f"{family.name}_count", labels, total.value)
            yield Sample(f"{family.name}_sum", labels, value)
            return


def _labels(attributes: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    return frozenset((_prometheus_name(key), str(value)) for key, value in attributes.items())


def _prometheus_name(name: str) -> str:
    return _NOT_IN_NAMES.sub("_", name)
