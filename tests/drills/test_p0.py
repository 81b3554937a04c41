"""Every P0 alert fires within a minute of a real fault, once, and resolves after it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from collector.stack.build import BuildError
from tools.drills import faults, table
from tools.drills.conductor import conduct
from tools.drills.stage import stage


@pytest.mark.skipif(
    not os.environ.get("OTEL_TRADING_STACK_TESTS"),
    reason="needs the real backends and seven minutes: `make drill DRILL=P0` does the same",
)
def test_every_p0_alert_fires_within_a_minute_and_no_other_pages(tmp_path: Path) -> None:
    try:
        with stage(tmp_path) as scene:
            record = conduct(scene, faults.P0)
    except BuildError as error:
        pytest.skip(str(error))
    assert all(result.passed for result in record.results), table.markdown(record.results)
    assert [notice for notice in record.noise if notice.receiver == "pagerduty"] == []
    assert len(record.results) == sum(map(len, faults.P0))  # no fault of P0 has consequences
