"""The names that generated modules give to shared labels and bucket boundaries."""

from __future__ import annotations

import pytest

from otel_trading.semconv import ALL_METRICS, boundaries, labels
from registry import vocabulary
from registry.vocabulary import Domain, Metric


def domain(*buckets: tuple[float, ...], unit: str = "s") -> list[Domain]:
    metrics = [
        Metric("trading.x", "histogram", unit, "", "", (), "all", "x", each, slo=None, headline=False)
        for each in buckets
    ]
    return [Domain("order", [], metrics, [], [])]


@pytest.mark.parametrize(
    ("buckets", "unit", "name"),
    [
        ((5e-07, 0.005), "s", "FROM_500NS_TO_5MS"),
        ((0.000025, 0.1), "s", "FROM_25US_TO_100MS"),
        ((0.001, 1800.0), "s", "FROM_1MS_TO_1800S"),
        ((-100.0, 500.0), "bps", "FROM_MINUS_100BPS_TO_500BPS"),
        ((0.0, 0.999), "1", "FROM_0_TO_0_999"),
    ],
)
def test_boundaries_are_named_by_their_ends(buckets, unit, name):
    assert list(vocabulary.boundary_names(domain(buckets, unit=unit)).values()) == [name]


def test_two_lists_with_the_same_ends_get_different_names_and_equal_lists_one():
    named = vocabulary.boundary_names(domain((0.1, 0.5, 1.0), (0.1, 1.0), (0.1, 0.5, 1.0)))
    assert list(named.values()) == ["FROM_100MS_TO_1S", "FROM_100MS_TO_1S_2"]


def test_every_label_and_boundary_list_of_the_metrics_is_a_constant_of_its_module():
    named = {id(value) for module in (labels, boundaries) for value in vars(module).values()}
    used = {id(label) for metric in ALL_METRICS for label in metric.labels}
    used |= {id(metric.boundaries) for metric in ALL_METRICS if metric.boundaries}
    assert used <= named
    assert len({label for metric in ALL_METRICS for label in metric.labels}) == len(
        {id(label) for metric in ALL_METRICS for label in metric.labels}
    )
