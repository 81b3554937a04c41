"""The handle: several calls of `shutdown` close once, and none waits longer than the first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

import pytest

from otel_trading.pipeline.setup.telemetry import Telemetry


class Hung:
    """Providers whose close never ends."""

    def __init__(self) -> None:
        self.closes: list[float] = []
        self.released = Event()

    @contextmanager
    def locks_released(self) -> Iterator[None]:
        yield

    def close(self, deadline: float) -> bool:
        self.closes.append(deadline)
        return self.released.wait(60)


@pytest.mark.fault(50)
def test_a_second_shutdown_waits_for_no_longer_than_the_first_did() -> None:
    providers: Any = Hung()
    telemetry = Telemetry(providers, None)
    assert not telemetry.shutdown(0.01)
    assert not telemetry.shutdown(3600)  # a wait of an hour would fail the test
    providers.released.set()
    assert len(providers.closes) == 1


@pytest.mark.fault(46)
def test_after_ctrl_c_during_a_shutdown_the_next_call_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    providers: Any = Hung()
    telemetry = Telemetry(providers, None)

    def interrupted(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("otel_trading.pipeline.deliver.deadline.StandbyThread.finish", interrupted)
        with pytest.raises(KeyboardInterrupt):
            telemetry.shutdown(3600)
    assert not telemetry.shutdown(3600)  # a wait of an hour would fail the test
    providers.released.set()
    assert telemetry._lifecycle is not None
    telemetry._lifecycle.end()
