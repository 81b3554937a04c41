"""The seven domains have the same names in the registry, semconv, metrics and instruments."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOMAINS = ["market_data", "order", "portfolio", "risk", "runtime", "signal", "venue"]
ROOMS = {
    "registry": "*.yaml",
    "otel_trading/semconv": "*.py",
    "otel_trading/metrics": "*.py",
    "otel_trading/instruments": "*.py",
}
METRICS_PER_DOMAIN = {
    "market_data": 9,
    "signal": 5,
    "risk": 5,
    "order": 16,
    "portfolio": 9,
    "venue": 3,
    "runtime": 7,
}


@pytest.mark.parametrize(("folder", "pattern"), ROOMS.items())
def test_a_room_has_a_file_or_a_folder_for_each_domain(folder, pattern):
    files = {path.stem for path in (ROOT / folder).glob(pattern)}
    folders = {path.parent.name for path in (ROOT / folder).glob("*/__init__.py")}
    assert set(DOMAINS) <= files | folders


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_domain_has_its_number_of_metrics(domain):
    module = __import__(f"otel_trading.semconv.{domain}", fromlist=["METRICS"])
    assert len(module.METRICS) == METRICS_PER_DOMAIN[domain]
