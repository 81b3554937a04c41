"""Log records and events carry the ids of their trace, and no value in them stops an export."""

from __future__ import annotations

import io
import json
import logging
import sys
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource

from otel_trading import logs
from otel_trading.logs import StdlibHandler, event, format_line
from otel_trading.tracing import span
from otel_trading.values.exportable import exportable

RESOURCE = Resource({"service.name": "risk-manager", "deployment.environment.name": "paper"})


class Written:
    """The exported records, and the same as JSON lines."""

    def __init__(self) -> None:
        self._exporter = InMemoryLogRecordExporter()
        provider = LoggerProvider(RESOURCE, shutdown_on_exit=False)
        provider.add_log_record_processor(SimpleLogRecordProcessor(self._exporter))
        logs.attach(provider, "test")

    @property
    def records(self):
        return list(self._exporter.get_finished_logs())

    @property
    def lines(self) -> list[dict]:
        return [json.loads(format_line(record)) for record in self.records]


@pytest.fixture
def written(seen) -> Written:
    return Written()


@pytest.fixture
def logger(written):
    logger, handler = logging.getLogger("strategy"), StdlibHandler()
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield logger
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


def test_an_event_has_its_name_its_attributes_and_the_ids_of_its_trace(written):
    with span("s") as current:
        event("trading.order.filled", {"quantity": 100}, severity="warn", body="half of it")
    (line,) = written.lines
    assert line["trace_id"] == f"{current.get_span_context().trace_id:032x}"
    assert line["span_id"] == f"{current.get_span_context().span_id:016x}"
    assert (line["event"], line["level"], line["message"]) == ("trading.order.filled", "WARN", "half of it")
    assert (line["attributes"], line["service"], line["environment"]) == (
        {"quantity": 100},
        "risk-manager",
        "paper",
    )


def test_an_event_without_a_span_has_no_ids(written):
    event("e")
    (line,) = written.lines
    assert list(line) == ["timestamp", "level", "service", "environment", "logger", "event"]


@pytest.mark.parametrize(
    ("level", "name"),
    [(10, "DEBUG"), (20, "INFO"), (25, "INFO"), (30, "WARN"), (40, "ERROR"), (50, "FATAL"), (5, "TRACE")],
)
def test_levels_of_the_standard_library_become_severities(written, logger, level, name):
    logger.setLevel(1)
    logger.log(level, "priced %s", "IBM", extra={"mid": 182.1})
    (line,) = written.lines
    assert (line["level"], line["message"], line["logger"]) == (name, "priced IBM", "strategy")
    assert line["attributes"]["mid"] == 182.1
    assert line["attributes"]["code.function.name"] == "test_levels_of_the_standard_library_become_severities"


def test_a_log_line_inside_a_span_carries_its_ids(written, logger):
    with span("s") as current:
        logger.info("inside")
    assert written.lines[0]["trace_id"] == f"{current.get_span_context().trace_id:032x}"


class Early(logging.LogRecord):
    """A record with an attribute of its own before those of every record."""

    def __init__(self, *arguments: object, **keywords: object) -> None:
        self.desk = "rates"
        super().__init__(*arguments, **keywords)  # type: ignore[arg-type]


class Without(logging.LogRecord):
    """A record without one of the usual attributes."""

    def __init__(self, *arguments: object, **keywords: object) -> None:
        super().__init__(*arguments, **keywords)  # type: ignore[arg-type]
        del self.msecs


@pytest.mark.parametrize(("factory", "own"), [(Early, {"desk": "rates"}), (Without, {})])
def test_extra_attributes_are_found_on_the_records_of_any_factory(written, logger, factory, own, monkeypatch):
    monkeypatch.setattr(logging, "_logRecordFactory", factory)
    logger.info("priced", extra={"symbol": "IBM", "_private": 1})
    logger.info("priced again")
    carried = [
        {key: value for key, value in record.log_record.attributes.items() if not key.startswith("code.")}
        for record in written.records
    ]
    assert carried == [{**own, "symbol": "IBM"}, own]


def test_a_line_is_exported_with_extra_keys_of_any_type(written, logger):
    logger.info("priced", extra={5: "five", None: "none", "": "empty", "symbol": "IBM"})
    [record] = written.records
    carried = {
        key: value for key, value in record.log_record.attributes.items() if not key.startswith("code.")
    }
    assert carried == {"5": "five", "None": "none", "unnamed": "empty", "symbol": "IBM"}


def test_a_filter_of_the_handler_drops_a_line_or_replaces_it(written, logger):
    (handler,) = logger.handlers
    other = logging.makeLogRecord({"msg": "in its place", "levelno": logging.INFO})
    handler.addFilter(lambda record: record.msg != "left out")
    logger.info("left out")
    logger.info("kept")
    if sys.version_info >= (3, 12):  # before, a filter can only accept or reject
        handler.addFilter(lambda record: other)
        logger.info("replaced")
    bodies = [record.log_record.body for record in written.records]
    assert bodies == ["kept", "in its place"][: 1 + (sys.version_info >= (3, 12))]


def test_two_threads_write_lines_without_waiting_for_each_other(written, logger, monkeypatch):
    class Price:
        def __str__(self) -> str:
            apart = Thread(target=logger.info, args=("of another thread",))
            apart.start()
            apart.join(30)
            return "182.1"

    monkeypatch.setattr(logger, "propagate", False)
    logger.info("priced at %s", Price())
    assert [record.log_record.body for record in written.records] == ["of another thread", "priced at 182.1"]


def test_an_exception_has_a_key_of_its_own_in_the_line(written, logger):
    try:
        raise KeyError("price")
    except KeyError:
        logger.exception("failed")
    exception = written.lines[0]["exception"]
    assert (exception["type"], exception["message"]) == ("KeyError", "'price'")
    assert "test_logs.py" in exception["stacktrace"]


def test_a_record_that_cannot_be_formatted_is_reported_by_logging(written, capsys):
    StdlibHandler().handle(logging.makeLogRecord({"msg": "%d", "args": ("text",), "levelno": 20}))
    assert written.records == []
    assert "Logging error" in capsys.readouterr().err


def test_a_log_line_of_an_exporter_is_written_to_the_fallback_and_not_exported(written):
    fallback = io.StringIO()
    handler = StdlibHandler(fallback=fallback)
    with suppress_instrumentation():
        handler.emit(logging.makeLogRecord({"msg": "connection refused", "levelno": 40}))
    assert (written.records, fallback.getvalue()) == ([], "connection refused\n")


@given(text=st.text())
def test_no_text_can_forge_a_second_line(text):
    written = Written()
    event("e", {"text": text}, body=text)
    line = format_line(written.records[0])
    assert line.endswith("\n")
    assert line.isascii()
    assert not any(ord(character) < 32 or ord(character) == 127 for character in line[:-1])


class Hostile:
    def __str__(self) -> str:
        raise RuntimeError("no text")


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.binary(max_size=5),
    st.text(max_size=5),
    st.just("\ud800"),
    st.builds(Hostile),
)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(value=anything)
def test_any_value_can_be_exported(value):
    written = Written()
    event("e", {"value": value})
    (record,) = written.records
    assert encode_logs([record]).SerializeToString()


def test_a_value_that_contains_itself_is_cut_off():
    endless: list[object] = []
    endless.append(endless)
    assert exportable(endless) is not None
    assert len(exportable(list(range(1000)))) <= 129


def test_before_attach_an_event_is_a_no_op():
    event("e")


def test_an_event_never_raises(written, guarded):
    event(None, 5, severity=[])  # type: ignore[arg-type]
    assert written.records == []
