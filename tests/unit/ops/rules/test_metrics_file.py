"""The metrics file: it describes metrics for the linter, and a mistake in it is reported in one sentence."""

from __future__ import annotations

import json

import pytest

from otel_trading.errors import ConfigurationError
from otel_trading.ops.rules.promql import metrics_file
from otel_trading.ops.rules.promql.vocabulary import KnownSeries, Values


def load(tmp_path, text: str) -> list[KnownSeries]:
    path = tmp_path / "metrics.yaml"
    path.write_text(text, encoding="utf-8")
    return list(metrics_file.load(path))


FILE = """
metrics:
  orders_total:
    {kind: counter, labels: {status: [ok, failed], venue: }, may_have: {desk: }, born: zero, max_rate: 5/10s}
  pnl_usd: {kind: updowncounter, unit: USD}
  latency_us: {kind: histogram, buckets: [500, 100], labels: {venue: }}
"""
VENUE = {"venue": Values()}


def test_each_metric_becomes_the_series_that_queries_read(tmp_path):
    orders, pnl, *latency = load(tmp_path, FILE)
    assert orders == KnownSeries(
        "orders_total",
        "counter",
        {"status": Values(frozenset({"ok", "failed"})), "venue": Values(), "desk": Values(optional=True)},
        born_at_zero=True,
        max_rate=0.5,
    )
    assert pnl == KnownSeries("pnl_usd", "updowncounter", {}, "USD")
    assert latency == [
        KnownSeries("latency_us_bucket", "counter", {**VENUE, "le": Values()}, boundaries=(100.0, 500.0)),
        KnownSeries("latency_us_sum", "counter", VENUE),
        KnownSeries("latency_us_count", "counter", VENUE),
    ]


def test_json_is_read_too(tmp_path):
    text = json.dumps({"metrics": {"up": {"kind": "gauge"}}}, indent=2)
    assert load(tmp_path, text) == [KnownSeries("up", "gauge")]


def test_the_metrics_of_the_programs_of_the_stack_are_known():
    names = {series.name for series in metrics_file.load(metrics_file.STACK)}
    assert {"ALERTS", "up", "otelcol_exporter_queue_size", "alertmanager_notifications_failed_total"} <= names


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("- a", "metrics is missing."),
        ("metrics: [a]", "metrics is ['a'], must be dict"),
        ("metrics: {a: 1}", "metrics.a is 1, must be dict"),
        ("metrics: {a: {}}", "metrics.a.kind is missing."),
        (
            "metrics: {a: {kind: guage}}",
            "metrics.a.kind is 'guage', allowed: counter, gauge, updowncounter, histogram. Did you mean 'gauge'?",
        ),
        (
            "metrics: {a: {kind: gauge, label: x}}",
            "metrics.a.label is unknown, allowed: kind, unit, labels, may_have, buckets, born, max_rate. Did you mean 'labels'?",
        ),
        ("metrics: {a: {kind: histogram}}", "metrics.a.buckets is missing."),
        ("metrics: {a: {kind: histogram, buckets: [x]}}", "metrics.a.buckets.0 is 'x', must be a number"),
        (
            "metrics: {a: {kind: gauge, labels: [b]}}",
            "metrics.a.labels is ['b'], must be a mapping from label to values",
        ),
        ("metrics: {a: {kind: gauge, labels: {b: c}}}", "metrics.a.labels.b is 'c', must be a list"),
        (
            "metrics: {a: {kind: counter, born: early}}",
            "metrics.a.born is 'early', allowed: zero, first event.",
        ),
        ("metrics: {a: {kind: counter, max_rate: 2}}", "metrics.a.max_rate is 2, must be text"),
        (
            "metrics: {a: {kind: counter, max_rate: 2/day}}",
            "metrics.a.max_rate is '2/day', must be a rate such as 2/min or 5/10s",
        ),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path, text, sentence):
    with pytest.raises(ConfigurationError) as refused:
        load(tmp_path, text)
    assert str(refused.value) == f"{tmp_path / 'metrics.yaml'}: {sentence}"
