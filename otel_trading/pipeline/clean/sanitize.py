"""Sanitize: make the fields of spans and log records valid OTLP; a valid field stays the same object.

The data model: https://opentelemetry.io/docs/specs/otel/common/#attribute
"""

from __future__ import annotations

from typing import Any, Final

from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk.trace import Event
from opentelemetry.trace import SpanKind, Status

from otel_trading import _losses
from otel_trading._guard import warn
from otel_trading.pipeline.clean.record_copy import RecordFields
from otel_trading.pipeline.clean.span_copy import (
    SpanFields,
    with_description,
    with_dropped,
    with_event,
    with_link,
)
from otel_trading.values.exportable import are_plain, exportable, named
from otel_trading.values.times import nanoseconds

_KINDS: Final[dict[object, SpanKind]] = {kind: kind for kind in SpanKind}
_UNSPECIFIED: Final = SeverityNumber.UNSPECIFIED


def sanitize_span(given: SpanFields) -> SpanFields:
    """Return the fields of a span with a name, times, kind, attributes, events and links valid in OTLP."""
    start = nanoseconds(given.start_time)
    after = SpanFields(
        name=_name(given.name),
        attributes=_attributes(given.attributes),
        events=[_event(one) for one in given.events],
        links=[with_link(one, _attributes(one.attributes)) for one in given.links],
        status=_status(given.status),
        kind=_KINDS.get(given.kind, SpanKind.INTERNAL),
        start_time=start,
        end_time=max(nanoseconds(given.end_time), start),
    )
    if (after.start_time, after.end_time) != (given.start_time, given.end_time):
        _report_repair("a span's time")
    return after


def sanitize_record(given: RecordFields) -> RecordFields:
    """Return the fields of a log record with a body, attributes, times and severity valid in OTLP."""
    number = given.severity_number
    return RecordFields(
        body=_value(given.body),
        attributes=_attributes(given.attributes),
        timestamp=None if given.timestamp is None else nanoseconds(given.timestamp),
        observed_timestamp=nanoseconds(given.observed_timestamp),
        severity_text=None if given.severity_text is None else _name(given.severity_text),
        severity_number=number if number is None or isinstance(number, SeverityNumber) else _UNSPECIFIED,
        event_name=None if given.event_name is None else _name(given.event_name),
    )


def _name(given: Any) -> str:
    name = named(given)
    return given if type(given) is str and given == name else name


def _value(given: Any) -> Any:
    """Return a value that is valid in OTLP: the same object if `given` is valid already."""
    value = exportable(given)
    return given if _is_same(value, given) else value


def _is_same(value: Any, given: Any) -> bool:
    """Return whether nothing was converted, by identity: `==` would call code of the user's values."""
    if value is given:
        return True
    if isinstance(value, list) and isinstance(given, list | tuple):
        return len(value) == len(given) and all(map(_is_same, value, given))
    if isinstance(value, dict) and type(given) is dict:
        return (
            len(value) == len(given)
            and all(map(_is_same, value.keys(), given.keys()))
            and (all(map(_is_same, value.values(), given.values())))
        )
    return False


def _attributes(given: Any) -> Any:
    if not given or are_plain(given):
        return given
    pairs = [(key, value, named(key), _value(value)) for key, value in given.items()]
    if all(key is name and value is after for key, value, name, after in pairs):
        return given
    return with_dropped({name: after for _, _, name, after in pairs}, given)


def _event(event: Event) -> Event:
    return with_event(event, _name(event.name), _attributes(event.attributes), nanoseconds(event.timestamp))


def _status(status: Status) -> Status:
    description = _value(status.description)
    if description is not status.description and description is not None:
        description = str(description)
    return with_description(status, description)


def _report_repair(field: str) -> None:
    _losses.add("sdk", "repaired")
    warn(
        f"repaired:{field}",
        "otel_trading: %s was corrected: it was negative, not an integer, or out of order",
        field,
    )
