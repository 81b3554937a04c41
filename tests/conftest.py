"""What every test starts from: no losses, no warnings held back, no provider attached."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from otel_trading import _guard, _losses, recording

# a loaded machine takes longer than hypothesis' 200 ms for an example, and no test is about that duration
settings.register_profile("otel_trading", settings.default, deadline=None)
settings.load_profile("otel_trading")


@pytest.fixture(autouse=True)
def _fresh_process_state() -> Iterator[None]:
    _losses.reset()
    _guard._last_warning.clear()
    yield
    recording.detach()
