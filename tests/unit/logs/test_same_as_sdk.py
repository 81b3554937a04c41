"""Our handler exports the same bytes as the SDK's handler, and a fast record the same as a plain one."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry import context
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.sdk._logs import Logger as SdkLogger
from opentelemetry.sdk._logs import (
    LoggerProvider,
    LoggingHandler,
    LogRecordLimits,
    LogRecordProcessor,
    ReadWriteLogRecord,
)
from opentelemetry.sdk._logs._internal import __name__ as sdk_module
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from otel_trading import logs
from otel_trading._sdk import logs as sdk_logs
from otel_trading.logs import StdlibHandler, event, fast_record, handler
from otel_trading.logs.fast_record import FastLogger

SPAN = NonRecordingSpan(SpanContext(1, 2, is_remote=False, trace_flags=TraceFlags(1)))


class Exported:
    """One provider, and the OTLP bytes of its records."""

    def __init__(self, limits: LogRecordLimits | None = None) -> None:
        self._records = InMemoryLogRecordExporter()
        self.provider = LoggerProvider(
            Resource({"service.name": "s"}), shutdown_on_exit=False, log_record_limits=limits
        )
        self.provider.add_log_record_processor(SimpleLogRecordProcessor(self._records))

    @property
    def bytes(self) -> bytes:
        return encode_logs(self._records.get_finished_logs()).SerializeToString(deterministic=True)

    def sdk_handler(self) -> logging.Handler:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return LoggingHandler(logger_provider=self.provider)

    def our_handler(self) -> logging.Handler:
        logs.attach(self.provider, "test")
        return StdlibHandler()


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the clock, for the SDK and for us."""
    for owner, name in ((sys.modules[sdk_module], "time_ns"), (handler, "time_ns"), (fast_record, "_now")):
        monkeypatch.setattr(owner, name, lambda: 1_000)


@pytest.fixture
def fresh_probe() -> Iterator[None]:
    sdk_logs.probe.cache_clear()
    yield
    sdk_logs.probe.cache_clear()


names = st.sampled_from(["symbol", "quantity", "venue", "mid"])
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
numbers = st.integers(-(2**63), 2**63 - 1) | st.floats() | st.booleans()
extras = st.dictionaries(names, texts | numbers | st.none() | st.lists(texts, max_size=3), max_size=4)
levels = st.sampled_from([logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL])
limits = st.none() | st.builds(
    LogRecordLimits,
    max_attributes=st.integers(0, 6),
    max_attribute_length=st.none() | st.integers(0, 10),
)


def inside(span: Any, emit: Any) -> None:
    """Call `emit` while `span` is current; None stands for no current span."""
    token = context.attach(set_span_in_context(span, context.Context()) if span else context.Context())
    try:
        emit()
    finally:
        context.detach(token)


@settings(deadline=None)
@given(level=levels, message=texts, extra=extras, span=st.sampled_from([None, SPAN]), limits=limits)
@pytest.mark.filterwarnings("ignore:Log record attributes were dropped due to limits")
def test_a_log_line_is_exported_as_by_the_sdks_handler(level, message, extra, span, limits):
    record = logging.getLogger("strategy").makeRecord(
        "strategy", level, "/app/strategy.py", 7, message, (), None, "quote", extra
    )
    sdk, ours = Exported(limits), Exported(limits)
    for emitting in (sdk.sdk_handler(), ours.our_handler()):
        inside(span, lambda emitting=emitting: emitting.emit(record))
    assert ours.bytes == sdk.bytes


@pytest.mark.parametrize("span", [None, SPAN])
def test_an_exception_is_exported_as_by_the_sdks_handler(span):
    sdk, ours = Exported(), Exported()
    logger = logging.getLogger("failing")
    handlers = [sdk.sdk_handler(), ours.our_handler()]
    for one in handlers:
        logger.addHandler(one)

    def fail() -> None:
        try:
            raise LookupError("no price")
        except LookupError:
            logger.exception("priced %s", "IBM")

    inside(span, fail)
    for one in handlers:
        logger.removeHandler(one)
    assert ours.bytes == sdk.bytes


@settings(deadline=None)
@given(
    attributes=st.dictionaries(
        names | st.just(""), texts | numbers | st.lists(numbers, max_size=2), max_size=4
    ),
    body=st.none() | texts,
    limits=limits,
    span=st.sampled_from([None, SPAN]),
)
@pytest.mark.filterwarnings("ignore:Log record attributes were dropped due to limits")
def test_a_fast_record_is_exported_like_a_record_of_the_sdk(attributes, body, limits, span):
    sdk, ours = Exported(limits), Exported(limits)
    fields = {
        "timestamp": 5,
        "severity_number": SeverityNumber.INFO,
        "severity_text": "INFO",
        "body": body,
        "event_name": "e",
        "observed_timestamp": 6,
    }
    around = set_span_in_context(span, context.Context()) if span else context.Context()
    sdk.provider.get_logger("n").emit(attributes=dict(attributes), context=around, **fields)
    FastLogger(ours.provider.get_logger("n")).emit(attributes=dict(attributes), context=around, **fields)
    assert ours.bytes == sdk.bytes


class Stamp(LogRecordProcessor):
    """Adds two attributes to each record: one that OTLP can carry and one that it cannot."""

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        attributes: Any = log_record.log_record.attributes
        attributes["stamp"] = [1, 2]
        attributes["odd"] = SimpleNamespace

    def shutdown(self) -> None: ...

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return True


def test_a_user_processor_may_change_a_record_within_its_limits():
    exported = InMemoryLogRecordExporter()
    limits = LogRecordLimits(max_attributes=3)
    provider = LoggerProvider(Resource({}), shutdown_on_exit=False, log_record_limits=limits)
    provider.add_log_record_processor(Stamp())
    provider.add_log_record_processor(SimpleLogRecordProcessor(exported))
    logs.attach(provider, "test")
    event("e", {"a": 1, "b": 2})
    (record,) = exported.get_finished_logs()
    assert record.log_record.attributes == {"b": 2, "stamp": (1, 2), "odd": str(SimpleNamespace)}
    assert record.dropped_attributes == 1


def test_a_record_drops_its_context_after_its_processors_have_run():
    class Sees(LogRecordProcessor):
        def on_emit(self, log_record: ReadWriteLogRecord) -> None:
            seen.append((log_record.log_record, dict(log_record.log_record.context or {})))

        def shutdown(self) -> None:
            pass

        def force_flush(self, timeout_millis: int = 30_000) -> bool:
            return True

    seen: list[tuple[LogRecord, dict[str, object]]] = []
    exported = Exported()
    exported.provider.add_log_record_processor(Sees())
    ours = exported.our_handler()
    inside(SPAN, lambda: ours.emit(logging.makeLogRecord({"msg": "priced", "levelno": 20})))
    [(record, then)] = seen
    assert list(then.values()) == [SPAN]
    assert record.context == {}
    assert record.trace_id == 1


def test_a_line_in_a_context_that_forbids_instrumentation_is_not_exported(capsys):
    exported = Exported()
    forbidding = context.set_value("suppress_instrumentation", True, set_span_in_context(SPAN))
    token = context.attach(forbidding)
    exported.our_handler().emit(logging.makeLogRecord({"msg": "written"}))
    context.detach(token)
    assert exported.bytes == b""
    assert capsys.readouterr().err == "written\n"


PRIVATE = [
    *((BoundedAttributes, name) for name in ("_dict", "_immutable", "_lock")),
    (SdkLogger, "_log_record_limits"),
]


class Hidden:
    """An attribute that the SDK's code finds and ours does not, as if the SDK had renamed it."""

    def __init__(self, name: str) -> None:
        self._name = name

    @staticmethod
    def _from_us() -> bool:
        return sys._getframe(2).f_globals["__name__"].startswith("otel_trading.")

    def __get__(self, one: Any, owner: type) -> Any:
        if self._from_us():
            raise AttributeError(self._name)
        return vars(one)[self._name]

    def __set__(self, one: Any, value: Any) -> None:
        vars(one)["other" if self._from_us() else self._name] = value


def still_works(caplog: pytest.LogCaptureFixture) -> None:
    """Emit a record; it is exported like the SDK's own, with one warning."""
    exported, twin = Exported(), Exported()
    record = logging.makeLogRecord({"msg": "priced", "name": "strategy", "levelno": 20, "levelname": "INFO"})
    exported.our_handler().emit(record)
    twin.sdk_handler().emit(record)
    assert exported.bytes == twin.bytes
    assert [record.name for record in caplog.records] == ["otel_trading"]
    assert "the fast log records do not support" in caplog.text


@pytest.mark.usefixtures("fresh_probe")
def test_the_probe_accepts_the_installed_sdk():
    assert sdk_logs.probe()


@pytest.mark.usefixtures("fresh_probe")
@pytest.mark.parametrize(("owner", "name"), PRIVATE)
def test_without_one_of_the_private_names_the_sdk_makes_the_records(owner, name, monkeypatch, caplog):
    monkeypatch.setattr(owner, name, Hidden(name), raising=False)
    still_works(caplog)


@pytest.mark.usefixtures("fresh_probe")
@pytest.mark.parametrize("kind", [LogRecord, BoundedAttributes, ReadWriteLogRecord])
def test_if_the_sdk_has_further_fields_the_sdk_makes_the_records(kind, monkeypatch, caplog):
    original = kind.__init__

    def init(self: Any, *arguments: Any, **keywords: Any) -> None:
        original(self, *arguments, **keywords)
        if "otel_trading." not in sys._getframe(1).f_globals["__name__"]:
            vars(self)["more"] = 1

    monkeypatch.setattr(kind, "__init__", init)
    still_works(caplog)
