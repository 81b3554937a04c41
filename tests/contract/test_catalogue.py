"""The 54 metrics equal the golden file, and the catalogue that they were written from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from otel_trading.semconv import ALL_METRICS

GOLDEN = Path(__file__).parent / "golden/metrics.json"
CATALOGUE = Path(__file__).parents[3] / "shared/catalogue.json"


def test_the_metrics_equal_the_golden_file():
    expected = json.loads(GOLDEN.read_text(encoding="utf-8"))
    actual = [
        {
            "name": m.name,
            "kind": m.kind,
            "unit": m.unit,
            "prometheus": m.prometheus,
            "service": m.service,
            "labels": [label.key for label in m.labels],
            "boundaries": None if m.boundaries is None else list(m.boundaries),
            "slo": m.slo,
            "headline": m.headline,
        }
        for m in sorted(ALL_METRICS, key=lambda m: m.name)
    ]
    assert actual == expected


@pytest.mark.skipif(not CATALOGUE.exists(), reason="the catalogue is not part of the repository")
def test_the_metrics_equal_the_catalogue():
    expected = {
        entry["name"]: (
            entry["kind"].lower(),
            entry["unit"],
            entry["otlp"],
            entry["svc"],
            entry["slo"],
            bool(entry["head"]),
            entry["b"],
        )
        for entry in json.loads(CATALOGUE.read_text(encoding="utf-8"))
    }
    actual = {
        m.name: (
            m.kind,
            m.unit,
            m.prometheus,
            m.service,
            m.slo,
            m.headline,
            None if m.boundaries is None else list(m.boundaries),
        )
        for m in ALL_METRICS
    }
    assert actual == expected
