"""Modified copies of ended spans: take a span apart once, and rebuild it only if a field changed.

The pipeline never changes a span in place, since the application and other processors hold the same object.
Copies keep the counts of the attributes, events and links that the SDK's limits dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Link, SpanKind, Status


class SpanFields(NamedTuple):
    """The fields of a span that the pipeline may change."""

    name: str
    attributes: Mapping[str, Any]
    events: Sequence[Event]
    links: Sequence[Link]
    status: Status
    kind: SpanKind
    start_time: int
    end_time: int


class SpanCopy(ReadableSpan):
    """An ended span with other fields.

    Args:
        span: The original, which also has the counts of dropped attributes, events and links.
        fields: The fields of the copy.
    """

    def __init__(self, span: ReadableSpan, fields: SpanFields) -> None:
        super().__init__(
            context=span.context,
            parent=span.parent,
            resource=span.resource,
            instrumentation_scope=span.instrumentation_scope,
            **fields._asdict(),
        )
        self.fields = fields
        self._original = span

    @property
    def dropped_attributes(self) -> int:
        """How many attributes the span's limits dropped."""
        return self._original.dropped_attributes

    @property
    def dropped_events(self) -> int:
        """How many events the span's limits dropped."""
        return self._original.dropped_events

    @property
    def dropped_links(self) -> int:
        """How many links the span's limits dropped."""
        return self._original.dropped_links


def fields_of(span: ReadableSpan) -> SpanFields:
    """Return the fields of an ended span, each read once: the SDK wraps the attributes anew at each read."""
    return SpanFields(
        span.name,
        span.attributes or {},
        span.events,
        span.links,
        span.status,
        span.kind,
        span.start_time,  # type: ignore[arg-type]
        span.end_time,  # type: ignore[arg-type]
    )


def with_fields(span: ReadableSpan, before: SpanFields, after: SpanFields) -> ReadableSpan:
    """Return the span itself, or a copy if a field is another object than before.

    Args:
        span: An ended span.
        before: The fields of this span.
        after: The fields to export. Sequences are compared element by element.
    """
    same = all(_same(*pair) for pair in zip(before, after, strict=True))
    return span if same else SpanCopy(span, after)


def with_event(event: Event, name: str, attributes: Any, timestamp: int) -> Event:
    """Return the event itself, or another one if its name, attributes or time differ."""
    if name is event.name and attributes is event.attributes and timestamp == event.timestamp:
        return event
    return Event(name, attributes, timestamp)


def with_link(link: Link, attributes: Any) -> Link:
    """Return the link itself, or another one if its attributes are another object."""
    return link if attributes is link.attributes else Link(link.context, attributes)


def with_description(status: Status, description: str | None) -> Status:
    """Return the status itself, or another one if its description is another object."""
    return status if description is status.description else Status(status.status_code, description)


def with_dropped(after: Any, before: Any) -> Any:
    """Return changed attributes with the count of those that the SDK's limits dropped.

    Args:
        after: The attributes to export.
        before: The attributes they were made from, which have the count.
    """
    dropped = getattr(before, "dropped", 0)
    if after is before or not dropped:
        return after
    counted = BoundedAttributes(attributes=after)
    counted.dropped = dropped
    return counted


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))
    return one is other or (type(one) is int and one == other)
