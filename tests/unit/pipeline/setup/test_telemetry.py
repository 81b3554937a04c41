"""The handle: however often its end is asked for, it comes once, and nobody waits longer than for the first."""

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
        self.goes = Event()

    @contextmanager
    def let_go(self) -> Iterator[None]:
        yield

    def close(self, deadline: float) -> bool:
        self.closes.append(deadline)
        return self.goes.wait(60)


@pytest.mark.fault(50)
def test_a_second_shutdown_waits_for_no_longer_than_the_first_did() -> None:
    providers: Any = Hung()
    telemetry = Telemetry(providers, None)
    assert not telemetry.shutdown(0.01)
    assert not telemetry.shutdown(3600)  # it would be long
    providers.goes.set()
    assert len(providers.closes) == 1


@pytest.mark.fault(46)
def test_who_was_interrupted_waiting_for_the_end_does_not_wait_again(monkeypatch: pytest.MonkeyPatch) -> None:
    providers: Any = Hung()
    telemetry = Telemetry(providers, None)

    def interrupted(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("otel_trading.pipeline.deliver.deadline.StandbyThread.finish", interrupted)
        with pytest.raises(KeyboardInterrupt):
            telemetry.shutdown(3600)
    assert not telemetry.shutdown(3600)  # it would be long
    providers.goes.set()
    assert telemetry._lifecycle is not None
    telemetry._lifecycle.end()
