"""The pytest plugin: a fixture `telemetry`, which imports the package only when a test uses it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from otel_trading.testing import CapturedTelemetry


@pytest.fixture
def telemetry() -> Iterator[CapturedTelemetry]:
    """Capture the spans, metrics and logs of one test in memory; see `otel_trading.testing`."""
    from otel_trading.testing import capture  # noqa: PLC0415 - keeps other test runs fast

    with capture() as captured:
        yield captured
