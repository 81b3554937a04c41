"""The provider: a logger is asked for once, and a signal's handler never waits for who it interrupts."""

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
    """Is interrupted by a signal while it makes a logger, as `get_logger` is while it holds its locks."""

    asking = False

    def get_logger(self, name: str, *rest: Any, **more: Any) -> Any:
        assert not self.asking, "the SDK's lock is held by this very thread, which would wait for ever"
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
@pytest.mark.parametrize("theirs", ["first", "second"])
def test_a_signals_handler_logs_while_the_first_logger_of_a_name_is_made(
    exporter: InMemoryLogRecordExporter, theirs: str
) -> None:
    ours = logging.getLogger("first")
    handler = logs.StdlibHandler()
    before = signal.signal(signal.SIGUSR1, lambda *_: logging.getLogger(theirs).warning("interrupted"))
    for name in {"first", theirs}:
        logging.getLogger(name).addHandler(handler)
    try:
        ours.warning("said")
        ours.warning("again")
    finally:
        signal.signal(signal.SIGUSR1, before)
        for name in {"first", theirs}:
            logging.getLogger(name).removeHandler(handler)
    said = [(one.log_record.body, one.instrumentation_scope.name) for one in exporter.get_finished_logs()]
    assert said == [("interrupted", "otel_trading"), ("said", "first"), ("again", "first")]
