"""A fixture for tests of spans that change the SDK: the probe runs again in them, and after them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from otel_trading.tracing.fast import probe


@pytest.fixture
def fresh_probe() -> Iterator[None]:
    probe.works.cache_clear()
    yield
    probe.works.cache_clear()
