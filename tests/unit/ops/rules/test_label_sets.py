"""Label sets: the labels of the result of an expression are derived without a backend."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from promql_parser import parse

from otel_trading.ops.rules.promql.label_sets import labels_of
from otel_trading.ops.rules.promql.vocabulary import ABSENT, KnownSeries, Values, Vocabulary
from otel_trading.ops.rules.rule_file import Rule

SERIES = [
    KnownSeries(
        "orders_total", "counter", {"venue": Values(), "status": Values(frozenset({"filled", "rejected"}))}
    ),
    KnownSeries("latency_bucket", "counter", {"venue": Values(), "le": Values()}),
    KnownSeries("limit", "gauge", {"desk": Values(), "note": Values(optional=True)}),
]


def record(name: str, expr: str, **labels: str) -> tuple[Rule, object]:
    return Rule("r.yml", 1, "g", 5.0, name, False, expr, 0.0, labels, {}), parse(expr)


VOCABULARY = Vocabulary(
    SERIES,
    [
        record("orders:sum", "sum by (venue) (orders_total)", desk="equities"),
        record("own", "sum by (venue) (orders_total) or own"),
        record("either", "sum by (venue) (orders_total)"),
        record("either", "max by (desk) (limit)"),
    ],
)
RESOURCE = {"job", "instance", "service_name", "service_instance_id", "deployment_environment_name"}
ORDERS = {"venue", "status"} | RESOURCE


@pytest.mark.parametrize(
    ("expr", "carried"),
    [
        ("orders_total", ORDERS),
        ("rate(orders_total[5m])", ORDERS),
        ("max_over_time(rate(orders_total[1m])[5m:10s])", ORDERS),
        ("-(orders_total)", ORDERS),
        ("topk(3, orders_total)", ORDERS),
        ("2 * orders_total > 5", ORDERS),
        ("sum(orders_total)", set()),
        ("sum by (venue, nowhere) (orders_total)", {"venue"}),
        ("sum without (venue, instance) (orders_total)", ORDERS - {"venue", "instance"}),
        ('count_values("count", orders_total)', {"count"}),
        ("histogram_quantile(0.9, latency_bucket)", {"venue"} | RESOURCE),
        ('label_replace(sum(orders_total), "desk", "x", "", "")', {"desk"}),
        ('absent(orders_total{venue="XNAS", status=~"f.*"})', {"venue"}),
        ('absent_over_time(orders_total{venue="XNAS"}[5m])', {"venue"}),
        ("time() - max by (desk) (limit)", {"desk"}),
        ("vector(1)", set()),
        ("hour()", set()),
        ("sum by (venue) (orders_total) and on (venue) orders_total", {"venue"}),
        ("sum by (venue) (orders_total) or max by (desk) (limit)", {"venue", "desk"}),
        ("orders_total / on (venue) sum by (venue) (orders_total)", {"venue"}),
        ("orders_total / ignoring (status) sum without (status) (orders_total)", ORDERS - {"status"}),
        ("orders_total / on (job) group_left (desk) limit", ORDERS | {"desk"}),
        ("limit / on (job) group_right (desk) orders_total", ORDERS | {"desk"}),
        ("orders:sum", {"venue", "desk"}),
        ("own", {"venue"}),
        ("either", {"venue", "desk"}),
    ],
)
def test_the_labels_of_a_result(expr, carried):
    found = labels_of(parse(expr), VOCABULARY)
    hidden = {"__name__", "otel_scope_name", "otel_scope_version", "otel_metric_overflow"}
    assert {name for name in found.labels if name in found} - hidden == carried


@pytest.mark.parametrize(
    ("expr", "label", "values"),
    [
        ('orders_total{status="filled"}', "status", Values(frozenset({"filled"}))),
        ('orders_total{status!="filled"}', "status", Values(frozenset({"rejected"}))),
        ('orders_total{status=~"f.*|x"}', "status", Values(frozenset({"filled"}))),
        ('orders_total{venue="XNAS"}', "venue", Values(frozenset({"XNAS"}))),
        ('orders_total{venue=~"X.*"}', "venue", Values()),
        ("limit", "note", Values(optional=True)),
        ('limit{note=~".+"}', "note", Values()),
        ("sum by (desk) (limit)", "note", ABSENT),
        ("orders:sum", "desk", Values(frozenset({"equities"}))),
        ("either", "desk", Values(optional=True)),
        ("foreign_total", "anything", Values(optional=True)),
    ],
)
def test_the_possible_values_of_a_label(expr, label, values):
    assert labels_of(parse(expr), VOCABULARY)[label] == values


possible = st.builds(Values, st.none() | st.frozensets(st.sampled_from("abc"), max_size=2), st.booleans())


def examples(values: Values) -> set[str]:
    """Return the possible values: "d" stands for a value outside every closed set, and "" for no label."""
    return set(values.known if values.known is not None else "abcd") | ({""} if values.optional else set())


@given(possible, possible)
def test_two_labels_meet_exactly_if_they_have_a_value_in_common(left, right):
    assert left.meets(right) == bool(examples(left) & examples(right))
    assert examples(left | right) == examples(left) | examples(right)
