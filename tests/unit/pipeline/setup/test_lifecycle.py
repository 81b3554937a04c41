"""The lifecycle: an earlier handler of SIGTERM is called, and restored at the end."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from threading import Thread

import pytest

from otel_trading.pipeline.setup.lifecycle import Lifecycle

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM cannot be handled on Windows")


class Telemetry:
    """Records the calls it gets."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def flush(self, timeout: float = 2.0) -> bool:
        self.asked.append("flush")
        return True

    def shutdown(self, timeout: float = 5.0) -> bool:
        self.asked.append("shutdown")
        return True


@pytest.fixture(autouse=True)
def _sigterm_stays() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.fault(45)
def test_a_handler_of_the_application_is_called_after_a_flush() -> None:
    telemetry = Telemetry()
    signal.signal(signal.SIGTERM, lambda number, _: telemetry.asked.append(f"theirs {number}"))
    lifecycle = Lifecycle(telemetry)
    signal.raise_signal(signal.SIGTERM)
    lifecycle.end()
    signal.raise_signal(signal.SIGTERM)
    assert telemetry.asked == ["flush", "theirs 15", "theirs 15"]


def test_without_a_handler_the_process_ends_by_the_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    telemetry, killed = Telemetry(), []
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    lifecycle = Lifecycle(telemetry)
    monkeypatch.setattr(os, "kill", lambda *call: killed.append((*call, signal.getsignal(signal.SIGTERM))))
    signal.raise_signal(signal.SIGTERM)
    lifecycle.end()
    assert telemetry.asked == ["shutdown"]
    assert killed == [(os.getpid(), signal.SIGTERM, signal.SIG_DFL)]


@pytest.mark.fault(45)
def test_the_first_process_of_a_container_survives_sigterm_and_keeps_its_telemetry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    telemetry = Telemetry()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    lifecycle = Lifecycle(telemetry)
    monkeypatch.setattr(os, "getpid", lambda: 1)
    signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGTERM)
    lifecycle.end()
    assert telemetry.asked == ["flush", "flush"]


def test_a_handler_that_was_installed_later_stays() -> None:
    lifecycle = Lifecycle(Telemetry())
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    lifecycle.end()
    assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler


def test_signal_handlers_stay_unchanged_off_the_main_thread() -> None:
    before = signal.getsignal(signal.SIGTERM)
    ended: list[None] = []
    thread = Thread(target=lambda: ended.append(Lifecycle(Telemetry()).end()))
    thread.start()
    thread.join()
    assert (signal.getsignal(signal.SIGTERM), ended) == (before, [None])


def test_an_ignored_signal_stays_ignored() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    lifecycle = Lifecycle(Telemetry())
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    lifecycle.end()
