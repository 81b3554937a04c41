"""Sanitize: spans and records become such as OTLP can carry; one that is so already is passed on as it is."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from typing import Any, Final

from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Link, SpanKind, Status

from otel_trading import _losses
from otel_trading._guard import warn
from otel_trading.pipeline.clean.span_copy import Fields, changed, fields_of, with_dropped
from otel_trading.values.exportable import are_plain, exportable, named
from otel_trading.values.times import nanoseconds

_KINDS: Final[dict[object, SpanKind]] = {kind: kind for kind in SpanKind}


def sanitize_span(span: ReadableSpan) -> ReadableSpan:
    """Return the span, or a copy with a name, times, kind, attributes, events and links as OTLP has them."""
    given = fields_of(span)
    start = nanoseconds(given.start_time)
    after = Fields(
        name=_name(given.name),
        attributes=_attributes(given.attributes) or {},
        events=[_event(one) for one in given.events],
        links=[_link(one) for one in given.links],
        status=_status(given.status),
        kind=_KINDS.get(given.kind, SpanKind.INTERNAL),
        start_time=start,
        end_time=max(nanoseconds(given.end_time), start),
    )
    if (after.start_time, after.end_time) != (given.start_time, given.end_time):
        _repaired("a span's time")
    return changed(span, given, after)


def sanitize_record(record: ReadableLogRecord) -> ReadableLogRecord:
    """Return the record, or a copy with a body, attributes, times and severity as OTLP has them."""
    given = record.log_record
    fields: dict[str, Any] = {
        "body": _value(given.body),
        "attributes": _attributes(given.attributes),
        "timestamp": None if given.timestamp is None else nanoseconds(given.timestamp),
        "observed_timestamp": nanoseconds(given.observed_timestamp),
        "severity_text": None if given.severity_text is None else _name(given.severity_text),
        "event_name": None if given.event_name is None else _name(given.event_name),
    }
    if given.severity_number is not None and not isinstance(given.severity_number, SeverityNumber):
        fields["severity_number"] = SeverityNumber.UNSPECIFIED
    if all(getattr(given, name) is value for name, value in fields.items()):
        return record
    fixed = copy(given)
    for name, value in fields.items():
        setattr(fixed, name, value)
    return replace(record, log_record=fixed)


def _name(given: Any) -> str:
    name = named(given)
    return given if type(given) is str and given == name else name


def _value(given: Any) -> Any:
    """Return a value as OTLP has it; the same object where it is so already."""
    value = exportable(given)
    return given if _is_same(value, given) else value


def _is_same(value: Any, given: Any) -> bool:
    """Say whether nothing was converted, without asking a value of the user's for its opinion."""
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


def _attributes(given: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if not given or are_plain(given):
        return given
    pairs = [(key, value, named(key), _value(value)) for key, value in given.items()]
    if all(key is name and value is after for key, value, name, after in pairs):
        return given
    return with_dropped({name: after for _, _, name, after in pairs}, given)  # type: ignore[no-any-return]


def _event(event: Event) -> Event:
    name, attributes, moment = (
        _name(event.name),
        _attributes(event.attributes),
        nanoseconds(event.timestamp),
    )
    if name is event.name and attributes is event.attributes and moment == event.timestamp:
        return event
    return Event(name, attributes, moment)


def _link(link: Link) -> Link:
    attributes = _attributes(link.attributes)
    return link if attributes is link.attributes else Link(link.context, attributes)


def _status(status: Status) -> Status:
    description = _value(status.description)
    if description is status.description:
        return status
    return Status(status.status_code, None if description is None else str(description))


def _repaired(what: str) -> None:
    _losses.add("sdk", "repaired")
    warn(
        f"repaired:{what}",
        "otel_trading: %s was put right: it was negative, no integer, or out of order",
        what,
    )
