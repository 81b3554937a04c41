"""Spans that differ from one that has ended: what the pipeline changes, it changes in a copy.

What the limits dropped stays counted there, on a span, an event, a link, or a log record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Link, SpanKind, Status


class Fields(NamedTuple):
    """What of a span the pipeline may change."""

    name: str
    attributes: Mapping[str, Any]
    events: Sequence[Event]
    links: Sequence[Link]
    status: Status
    kind: SpanKind
    start_time: int
    end_time: int


def fields_of(span: ReadableSpan) -> Fields:
    """Return what of a span may change, read once: the SDK wraps its attributes anew at each read."""
    return Fields(
        span.name,
        span.attributes or {},
        span.events,
        span.links,
        span.status,
        span.kind,
        span.start_time,  # type: ignore[arg-type]
        span.end_time,  # type: ignore[arg-type]
    )


def changed(span: ReadableSpan, before: Fields, after: Fields) -> ReadableSpan:
    """Return the span, or a copy where a field is another object than before.

    Args:
        span: One that has ended.
        before: From `fields_of` this span.
        after: What is to be exported; of its sequences, the elements are compared.
    """
    same = all(_same(*pair) for pair in zip(before, after, strict=True))
    return span if same else _ChangedSpan(span, after)


def with_dropped(after: Any, before: Any) -> Any:
    """Return attributes with the count of those that the limits dropped.

    Args:
        after: What is to be exported.
        before: What it was made of, which has the count.
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


class _ChangedSpan(ReadableSpan):
    """A span with some fields replaced; the counts of what its limits dropped stay."""

    def __init__(self, span: ReadableSpan, fields: Fields) -> None:
        super().__init__(
            context=span.context,
            parent=span.parent,
            resource=span.resource,
            instrumentation_scope=span.instrumentation_scope,
            **fields._asdict(),
        )
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
