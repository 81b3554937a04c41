"""The checker refuses each mistake in a registry file with a sentence that names file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.checking import check

ROOT = Path(__file__).parents[3]

MANIFEST = """\
schema_url: https://example.com/schemas/0.1.0
description: A test.
stability: development
dependencies: []
"""
GOOD = """\
file_format: definition/2
attributes:
  - key: trading.feed.name
    brief: The feed.
    stability: development
    type: string
    examples: [sip]
  - key: trading.order.side
    brief: The side.
    stability: development
    type:
      members:
        - {id: buy, value: buy, brief: Buy., stability: development}
        - {id: sell, value: sell, brief: Sell., stability: development}
    annotations: {otel_trading: {closed: true}}
  - key: trading.order.id
    brief: The id.
    stability: development
    type: string
    examples: [c-1]
metrics:
  - name: trading.order.duration
    brief: Time it took.
    instrument: histogram
    unit: s
    stability: development
    requirement_level: recommended
    entity_associations: [service.instance]
    attributes:
      - {ref: trading.order.side, requirement_level: required}
      - {ref: error.type, requirement_level: {conditionally_required: If it failed.}}
    annotations:
      otel_trading:
        service: all
        prometheus: trading_order_duration_seconds
        buckets: [0.001, 0.01, 0.05]
        slo: {quantile: 0.99, below: 0.01}
spans:
  - type: trading.order
    kind: internal
    brief: An order.
    stability: development
    requirement_level: recommended
    name: {note: "`order`."}
    attributes:
      - {ref: trading.order.id, requirement_level: required, sampling_relevant: true}
events:
  - name: trading.order.filled
    brief: A fill.
    stability: development
    requirement_level: recommended
    annotations: {otel_trading: {severity: info}}
imports:
  metrics: [process.cpu.time]
  entities: [service.instance]
metric_refinements:
  - id: trading.process.memory.usage
    ref: process.memory.usage
    annotations: {otel_trading: {domain: runtime, service: all, prometheus: x}}
"""
METRIC = "metrics[0].annotations.otel_trading"
BAD = {
    "unknown key": (
        "kind: internal",
        "knd: internal",
        "40: spans[0].knd is not a known key. Did you mean 'kind'?",
    ),
    "missing unit": ("    unit: s\n", "", "22: metrics[0] needs unit"),
    "bad instrument": (
        "instrument: histogram",
        "instrument: histgram",
        "24: metrics[0].instrument is 'histgram', allowed: counter, updowncounter, gauge, histogram. "
        "Did you mean 'histogram'?",
    ),
    "bad requirement level": (
        "side, requirement_level: required",
        "side, requirement_level: must",
        "30: metrics[0].attributes[0].requirement_level is 'must', allowed: required, recommended, opt_in.",
    ),
    "inline attribute": (
        "{ref: trading.order.side,",
        "{id: trading.order.side,",
        "30: metrics[0].attributes[0].id is not a known key.",
    ),
    "span name as text": (
        'name: {note: "`order`."}',
        "name: order",
        "44: spans[0].name must be a mapping with a note, not text",
    ),
    "sampling_relevant on a metric": (
        "side, requirement_level: required",
        "side, requirement_level: required, sampling_relevant: true",
        "30: metrics[0].attributes[0].sampling_relevant is allowed on spans only",
    ),
    "stability experimental": (
        "unit: s\n    stability: development",
        "unit: s\n    stability: experimental",
        "26: metrics[0].stability is 'experimental', allowed: development, alpha, beta, "
        "release_candidate, stable.",
    ),
    "no file_format": ("file_format: definition/2\n", "", "1: the file needs file_format"),
    "other file_format": (
        "file_format: definition/2",
        "file_format: definition/1",
        "1: file_format must be definition/2",
    ),
    "unknown ref": (
        "ref: trading.order.side",
        "ref: trading.order.sied",
        "30: metrics[0].attributes[0].ref 'trading.order.sied' is not defined. "
        "Did you mean 'trading.order.side'?",
    ),
    "unknown refinement": (
        "ref: process.memory.usage",
        "ref: process.memory.used",
        "58: metric_refinements[0].ref 'process.memory.used' is not in OpenTelemetry's conventions. "
        "Did you mean 'process.memory.usage'?",
    ),
    "attribute twice": (
        "key: trading.order.id",
        "key: trading.feed.name",
        "16: attributes[2].key is 'trading.feed.name', which registry/order.yaml:3 already defines",
    ),
    "own definition of an upstream name": (
        "name: trading.order.duration",
        "name: http.order.duration",
        "22: metrics[0].name is 'http.order.duration': our own names must start with trading.",
    ),
    "import of nothing": (
        "metrics: [process.cpu.time]",
        "metrics: [process.cpu.tiem]",
        "54: imports.metrics names 'process.cpu.tiem', which is not in OpenTelemetry's conventions. "
        "Did you mean 'process.cpu.time'?",
    ),
    "unknown entity": (
        "entity_associations: [service.instance]",
        "entity_associations: [service.instanse]",
        "28: metrics[0].entity_associations names the unknown entity 'service.instanse'. "
        "Did you mean 'service.instance'?",
    ),
    "enum value twice": (
        "{id: sell, value: sell,",
        "{id: sell, value: buy,",
        "14: attributes[1].type.members[1].value repeats 'buy'",
    ),
    "enum id twice": (
        "{id: sell, value: sell,",
        "{id: buy, value: sell,",
        "14: attributes[1].type.members[1].id repeats 'buy'",
    ),
    "int and text mixed": (
        "{id: sell, value: sell,",
        "{id: sell, value: 5,",
        "12: attributes[1].type.members mix types: quote the numbers",
    ),
    "enum id that starts with a digit": (
        "{id: sell, value: sell,",
        "{id: 2nd, value: sell,",
        "14: attributes[1].type.members[1].id is '2nd': an id must start with a lower case letter",
    ),
    "enum without value": (
        "{id: sell, value: sell,",
        "{id: sell,",
        "14: attributes[1].type.members[1] needs value",
    ),
    "signal without requirement level": (
        "A fill.\n    stability: development\n    requirement_level: recommended",
        "A fill.\n    stability: development",
        "48: events[0] needs requirement_level",
    ),
    "upper case": (
        "name: trading.order.filled",
        "name: trading.order.Filled",
        "48: events[0].name is 'trading.order.Filled': join lower case words by dots and underscores",
    ),
    "nonsense unit": (
        "unit: s\n",
        "unit: ms\n",
        "25: metrics[0].unit is 'ms', allowed: s, By, 1, USD, bps, or a noun in braces, such as {order}",
    ),
    "text without examples": (
        "    examples: [c-1]\n",
        "",
        "16: attributes[2] is a string, so it needs examples",
    ),
    "the same label twice": (
        "ref: error.type",
        "ref: trading.order.side",
        "31: metrics[0].attributes[1].ref 'trading.order.side' is given twice",
    ),
    "identifier as a label": (
        "{ref: trading.order.side, req",
        "{ref: trading.order.id, req",
        "30: metrics[0].attributes[0].ref 'trading.order.id' is an identifier or free text: "
        "allowed on spans and events, never on a metric",
    ),
    "name that is a namespace": (
        "key: trading.order.id",
        "key: trading.order.side.id",
        "8: attributes[1].key is 'trading.order.side', which is also a namespace: "
        "it contains 'trading.order.side.id'",
    ),
    "names that Prometheus cannot tell apart": (
        "key: trading.order.id",
        "key: trading.order_side",
        "16: attributes[2].key is 'trading.order_side', which Prometheus cannot tell from 'trading.order.side'",
    ),
    "brief without a period": (
        "brief: A fill.",
        "brief: A fill",
        "49: events[0].brief must end with a period",
    ),
    "closed without members": (
        "    examples: [c-1]\n",
        "    examples: [c-1]\n    annotations: {otel_trading: {closed: true}}\n",
        "16: attributes[2] is closed, so it needs members",
    ),
    "unknown type": (
        "type: string\n    examples: [sip]",
        "type: text\n    examples: [sip]",
        "6: attributes[0].type is 'text', allowed: string, int, double, boolean, string[], int[], double[], "
        "boolean[], any.",
    ),
    "bucket that is not a float": (
        "buckets: [0.001, 0.01, 0.05]",
        "buckets: [0.001, 0.01, 1]",
        f"36: {METRIC}.buckets must be floats: write 1.0, not 1",
    ),
    "buckets that do not ascend": (
        "buckets: [0.001, 0.01, 0.05]",
        "buckets: [0.01, 0.001, 0.05]",
        f"36: {METRIC}.buckets must ascend",
    ),
    "objective that is not a bucket": (
        "below: 0.01}",
        "below: 0.02}",
        f"36: {METRIC}.slo.below is 0.02, but must be one of the buckets",
    ),
    "top bucket too low": (
        "buckets: [0.001, 0.01, 0.05]",
        "buckets: [0.001, 0.01, 0.02]",
        f"36: {METRIC}.buckets end at 0.02, but must reach 5 times the objective",
    ),
    "histogram without buckets": (
        "        buckets: [0.001, 0.01, 0.05]\n",
        "",
        f"34: {METRIC} needs buckets",
    ),
    "counter with buckets": (
        "instrument: histogram",
        "instrument: counter",
        f"34: {METRIC} has buckets, which only a histogram has",
    ),
    "total in a name": (
        "name: trading.order.duration",
        "name: trading.order.total",
        "22: metrics[0].name must not end in total or count",
    ),
    "metric without our annotations": (
        "        service: all\n        prometheus: trading_order_duration_seconds\n",
        "",
        f"34: {METRIC} needs prometheus, service",
    ),
    "exponent that PyYAML reads as text": (
        "[0.001, 0.01, 0.05]",
        "[1e-03, 0.01, 0.05]",
        f"36: {METRIC}.buckets[0] is 1e-03, which YAML 1.1 and 1.2 read differently: quote it",
    ),
    "on that PyYAML reads as true": (
        "value: sell,",
        "value: on,",
        "14: attributes[1].type.members[1].value is on, which YAML 1.1 and 1.2 read differently: quote it",
    ),
    "clock time that PyYAML reads as a number": (
        "value: sell,",
        "value: 12:30,",
        "14: attributes[1].type.members[1].value is 12:30, which YAML 1.1 and 1.2 read differently: quote it",
    ),
    "date": (
        "examples: [c-1]",
        "examples: [2026-11-23]",
        "20: attributes[2].examples[0] is 2026-11-23, which YAML 1.1 and 1.2 read differently: quote it",
    ),
    "key given twice": (
        "brief: A fill.",
        "brief: A fill.\n    brief: A fill.",
        "50: events[0].brief is given twice",
    ),
    "not YAML": ("events:\n", "events: [\n", "48: the file is not valid YAML"),
    "entry that is not a mapping": (
        "  - key: trading.feed.name\n    brief: The feed.\n    stability: development\n    type: string\n"
        "    examples: [sip]\n",
        "  - feed\n",
        "1: attributes[0] must be a mapping",
    ),
}


def problems(folder: Path, text: str) -> list[str]:
    registry = folder / "registry"
    registry.mkdir()
    (registry / "manifest.yaml").write_text(MANIFEST, encoding="utf-8")
    (registry / "order.yaml").write_text(text, encoding="utf-8")
    return [str(problem) for problem in check(registry)]


def test_a_sound_registry_has_no_problems(tmp_path):
    assert problems(tmp_path, GOOD) == []


@pytest.mark.parametrize("mistake", BAD)
def test_a_mistake_is_refused_with_file_line_key_and_fix(mistake, tmp_path):
    right, wrong, sentence = BAD[mistake]
    assert GOOD.count(right) >= 1
    found = problems(tmp_path, GOOD.replace(right, wrong, 1))
    assert [p for p in found if p.startswith(f"registry/order.yaml:{sentence}")], found


def test_a_file_that_is_not_a_mapping_is_refused(tmp_path):
    assert problems(tmp_path, "- 1\n") == ["registry/order.yaml:1: the file must be a mapping"]


def test_a_manifest_with_an_unknown_key_is_refused(tmp_path):
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry/manifest.yaml").write_text(MANIFEST + "name: x\n", encoding="utf-8")
    found = [str(problem) for problem in check(tmp_path / "registry")]
    assert found == ["registry/manifest.yaml:5: name is not a known key."]


def test_the_projects_own_registry_is_sound():
    assert check(ROOT / "registry") == []
