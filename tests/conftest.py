"""What every test starts from: no losses, no warnings held back, no provider attached."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from otel_trading import _guard, _losses, recording


@pytest.fixture(autouse=True)
def _fresh_process_state() -> Iterator[None]:
    _losses.reset()
    _guard._last_warning.clear()
    yield
    recording.detach()
