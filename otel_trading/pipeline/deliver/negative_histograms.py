"""Histogram sums: count and sum of histograms whose values may be negative, which the exposition leaves out.

OpenMetrics forbids a sum where a boundary is negative, and prometheus_client writes no count either, in no
format; the Collector drops such a histogram, and Prometheus cannot say what the average slippage is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from opentelemetry.sdk.metrics.export import Histogram, MetricsData
from prometheus_client import Metric as Family
from prometheus_client.samples import Sample

Key: TypeAlias = tuple[str, frozenset[tuple[str, str]]]
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_]")


def sums_of(data: MetricsData) -> dict[Key, float]:
    """Return the sum of each histogram point with a negative boundary, by its name and labels."""
    return {
        (_clean(metric.name), _labels(point.attributes or {})): point.sum
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if isinstance(metric.data, Histogram)
        for point in metric.data.data_points
        if point.explicit_bounds and point.explicit_bounds[0] < 0
    }


def complete(families: Iterable[Family], sums: Mapping[Key, float], of_resource: frozenset[str]) -> None:
    """Give each family that lacks them its `_count` and `_sum`.

    Args:
        families: As collected; those that lack nothing stay as they are.
        sums: From `sums_of` the same collection.
        of_resource: The labels that the resource adds, which a point does not have.
    """
    for family in families:
        if family.type == "histogram" and not any(s.name.endswith("_count") for s in family.samples):
            totals = [sample for sample in family.samples if sample.labels.get("le") == "+Inf"]
            for total in totals:
                family.samples += _rest(family, total, sums, of_resource)


def _rest(
    family: Family, total: Sample, sums: Mapping[Key, float], of_resource: frozenset[str]
) -> Iterable[Sample]:
    labels = {key: value for key, value in total.labels.items() if key != "le"}
    own = frozenset((key, value) for key, value in labels.items() if key not in of_resource)
    for (name, of_point), value in sums.items():
        if of_point == own and family.name.startswith(name):
            yield Sample(f"{family.name}_count", labels, total.value)
            yield Sample(f"{family.name}_sum", labels, value)
            return


def _labels(attributes: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    return frozenset((_clean(key), str(value)) for key, value in attributes.items())


def _clean(name: str) -> str:
    return _NOT_IN_NAMES.sub("_", name)
