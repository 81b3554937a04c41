"""Each logger is created once, and a signal handler never waits for the thread that it interrupted."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource

from otel_trading import logs


class Interrupted(LoggerProvider):
    """A provider that a signal interrupts in `get_logger`, while the SDK holds its locks."""

    asking = False

    def get_logger(self, name: str, *rest: Any, **more: Any) -> Any:
        assert not self.asking, "this thread holds the SDK's lock already, so it would wait forever"
        self.asking = True
        if name == "first":
            signal.raise_signal(signal.SIGUSR1)
        self.asking = False
        return super().get_logger(name, *rest, **more)


@pytest.fixture
def exporter() -> Iterator[InMemoryLogRecordExporter]:
    exporter = InMemoryLogRecordExporter()
    provider = Interrupted(Resource({}), shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    logs.attach(provider, "test")
    yield exporter
    logs.detach()


@pytest.mark.fault(37)
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("its_name", ["first", "second"])
def test_a_signal_handler_logs_while_a_logger_is_created(
    exporter: InMemoryLogRecordExporter, its_name: str
) -> None:
    ours = logging.getLogger("first")
    handler = logs.StdlibHandler()
    before = signal.signal(signal.SIGUSR1, lambda *_: logging.getLogger(its_name).warning("interrupted"))
    for name in {"first", its_name}:
        logging.getLogger(name).addHandler(handler)
    try:
        ours.warning("first")
        ours.warning("again")
    finally:
        signal.signal(signal.SIGUSR1, before)
        for name in {"first", its_name}:
            logging.getLogger(name).removeHandler(handler)
    logged = [(one.log_record.body, one.instrumentation_scope.name) for one in exporter.get_finished_logs()]
    assert logged == [("interrupted", "otel_trading"), ("first", "first"), ("again", "first")]
