"""What tests of spans start from: a probe that has not run, since a test may break what it looks at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from otel_trading.tracing.fast import probe


@pytest.fixture
def fresh_probe() -> Iterator[None]:
    probe.works.cache_clear()
    yield
    probe.works.cache_clear()
