"""The same series has the same name on `/metrics` and on the OTLP route, for each of the 54 metrics."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from otel_trading import metrics, recording
from otel_trading.pipeline.deliver.prometheus import Exposition
from otel_trading.recording import BoundMetric
from otel_trading.semconv import ALL_METRICS
from otel_trading.semconv.definitions import Metric

GOLDEN = Path(__file__).with_name("series_names.txt")

# https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/#metric-metadata-1
UNITS = {"s": "seconds", "By": "bytes", "1": "", "%": "percent"}
TYPES = {"histogram": "histogram", "counter": "counter", "updowncounter": "gauge", "gauge": "gauge"}


def translated(metric: Metric) -> str:
    """Translate a name as Prometheus does with `UnderscoreEscapingWithSuffixes`, its default for OTLP."""
    words = [word for word in re.split(r"[^a-zA-Z0-9:]+", metric.name) if word]
    unit = re.sub(r"\{.*\}", "", metric.unit)
    suffix = UNITS.get(unit, unit)
    if suffix and suffix not in words:
        words.append(suffix)
    if metric.kind == "counter":
        words = [word for word in words if word != "total"] + ["total"]
    if metric.kind == "gauge" and metric.unit == "1":
        words = [word for word in words if word != "ratio"] + ["ratio"]
    return "_".join(words)


def record_once(metric: BoundMetric) -> None:  # type: ignore[type-arg]
    definition = metric.definition
    handle = metric.bind(**{label.keyword: min(label.values or {"x"}) for label in definition.labels})
    if definition.kind == "histogram":
        handle.record(1.0)
    elif definition.kind == "gauge":
        handle.set(1.0)
    else:
        handle.add(1)


@pytest.fixture
def exposition() -> Iterator[Exposition]:
    exposition = Exposition("127.0.0.1", 0)
    recording.attach(MeterProvider([exposition.reader], Resource({}), shutdown_on_exit=False), "0")
    for name in metrics.__all__:
        if not name.startswith("process_"):  # observed, not recorded
            record_once(getattr(metrics, name))
    yield exposition
    recording.detach()
    exposition.stop()


def scraped(exposition: Exposition, accept: str) -> dict[str, str]:
    """Return the type of each series by its name in a query."""
    request = Request(exposition.url, headers={"Accept": accept})
    with urlopen(request, timeout=30) as response:
        text = response.read().decode()
    families = parse_openmetrics(text) if "openmetrics" in accept else parse_text(text)
    return {
        family.name + ("_total" if family.type == "counter" else ""): family.type
        for family in families
        if not family.name.startswith("target")
    }


def test_the_golden_file_has_the_names_of_all_54_metrics() -> None:
    lines = [f"{m.prometheus} {TYPES[m.kind]} {m.name} {m.unit}" for m in ALL_METRICS]
    assert sorted(lines) == GOLDEN.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 54


def test_the_otlp_route_exports_the_names_of_the_registry() -> None:
    assert {m.name: translated(m) for m in ALL_METRICS} == {m.name: m.prometheus for m in ALL_METRICS}


@pytest.mark.parametrize("accept", ["text/plain", "application/openmetrics-text; version=1.0.0"])
def test_the_scrape_route_exports_the_names_of_the_registry(exposition: Exposition, accept: str) -> None:
    assert scraped(exposition, accept) == {m.prometheus: TYPES[m.kind] for m in ALL_METRICS}


def test_a_histogram_of_values_that_may_be_negative_has_its_count_and_sum(exposition: Exposition) -> None:
    metrics.execution_slippage.bind(venue_name="XNAS", order_side="buy", order_type="limit").record(-7.5)
    with urlopen(Request(exposition.url, headers={"Accept": "text/plain"}), timeout=30) as response:
        families = parse_text(response.read().decode())
    (slippage,) = (family for family in families if family.name == "trading_execution_slippage_bps")
    values = {
        sample.name.removeprefix(slippage.name): sample.value
        for sample in slippage.samples
        if sample.labels["trading_venue_name"] == "XNAS" and "le" not in sample.labels
    }
    assert values == {"_count": 1.0, "_sum": -7.5}
