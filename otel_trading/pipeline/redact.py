"""Redaction: query strings and credentials do not leave the process, wherever a URL or a header turned up.

A span or record without any is passed on as it is; else a copy is, and what the application holds stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final, TypeVar

from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Link, Status

REDACTED: Final = "REDACTED"
"""What upstream's conventions put in the place of a secret."""

_TOO_DEEP: Final = 8

# Each is linear in the length of the text: no two neighbouring repetitions share a character.
_USER_INFO: Final = re.compile(r"(?<=://)[^\s/?#@\"'<>]+(?=@)")
_QUERY: Final = re.compile(r"\?[^\s=?&#\"'<>]+=[^\s\"'<>#)]*")
_CREDENTIALS: Final = re.compile(r"\b(bearer|basic)\s+(?=\S*\d)[\w\-.~+/]{8,}=*", re.IGNORECASE)
_HEADER: Final = re.compile(
    r"\b(authorization|cookie|apca-api-key-id|apca-api-secret-key|x-api-key)"
    r"([\"']?\s*[:=]\s*[\"']?)(?!\s)[^\s\"',;}]+",
    re.IGNORECASE,
)
_SECRET_WORDS: Final = frozenset(
    {"authorization", "cookie", "password", "passphrase", "secret", "token", "apikey"}
)
_SECRET_PAIRS: Final = frozenset({("api", "key"), ("private", "key"), ("access", "key"), ("url", "query")})
_WORD: Final = re.compile(r"[a-z0-9]+")

V = TypeVar("V")


def redact_text(text: str) -> str:
    """Return `text` without the query strings, user names, passwords and credentials in it."""
    if "://" in text:
        text = _USER_INFO.sub(f"{REDACTED}:{REDACTED}", text)
    if "?" in text:
        text = _QUERY.sub(f"?{REDACTED}", text)
    text = _CREDENTIALS.sub(rf"\1 {REDACTED}", text)
    return _HEADER.sub(rf"\1\2{REDACTED}", text)


def redact_span(span: ReadableSpan) -> ReadableSpan:
    """Return the span, or a copy of it where an attribute, event, link or the status held a secret."""
    given, events, links, status = span.attributes or {}, span.events, span.links, span.status
    attributes = redact_value(given)
    events_after = [_redact_event(event) for event in events]
    links_after = [_redact_link(link) for link in links]
    status_after = _redact_status(status)
    if (
        attributes is given
        and status_after is status
        and _same(events, events_after)
        and _same(links, links_after)
    ):
        return span
    return _RedactedSpan(span, attributes, events_after, links_after, status_after)


def redact_record(record: ReadableLogRecord) -> ReadableLogRecord:
    """Return the record, or a copy of it where its body or an attribute held a secret."""
    body = redact_value(record.log_record.body)
    attributes = redact_value(record.log_record.attributes)
    if body is record.log_record.body and attributes is record.log_record.attributes:
        return record
    inner = copy(record.log_record)
    inner.body = body
    inner.attributes = attributes
    return replace(record, log_record=inner)


def redact_value(value: V, depth: int = 0) -> V:
    """Return an attribute value, or a mapping of them, redacted; the same object where nothing changed.

    Args:
        value: What an attribute or a log body holds.
        depth: How many containers it lies in; below the eighth nothing is looked at but replaced.
    """
    if isinstance(value, str):
        redacted = redact_text(value)
        return value if redacted == value else redacted  # type: ignore[return-value]
    if isinstance(value, Mapping):
        return _redact_mapping(value, depth)  # type: ignore[return-value]
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        if depth >= _TOO_DEEP:
            return REDACTED  # type: ignore[return-value]
        items = tuple(redact_value(item, depth + 1) for item in value)
        return value if _same(items, value) else items  # type: ignore[return-value]
    return value


def _redact_mapping(mapping: Mapping[str, Any], depth: int) -> Mapping[str, Any] | str:
    if depth >= _TOO_DEEP:
        return REDACTED
    redacted = {
        key: REDACTED if _names_a_secret(key) else redact_value(item, depth + 1)
        for key, item in mapping.items()
    }
    return mapping if all(redacted[key] is item for key, item in mapping.items()) else redacted


def _names_a_secret(key: str) -> bool:
    words = _WORD.findall(key.lower())
    return not _SECRET_WORDS.isdisjoint(words) or not _SECRET_PAIRS.isdisjoint(pairwise(words))


def _redact_event(event: Event) -> Event:
    attributes = redact_value(event.attributes)
    return event if attributes is event.attributes else Event(event.name, attributes, event.timestamp)


def _redact_link(link: Link) -> Link:
    attributes = redact_value(link.attributes)
    return link if attributes is link.attributes else Link(link.context, attributes)


def _redact_status(status: Status) -> Status:
    description = redact_value(status.description)
    return status if description is status.description else Status(status.status_code, description)


def _same(some: Sequence[object], others: Sequence[object]) -> bool:
    return all(one is other for one, other in zip(some, others, strict=True))


class _RedactedSpan(ReadableSpan):
    """A span with other attributes, events, links and status; the counts of what was dropped stay."""

    def __init__(
        self,
        span: ReadableSpan,
        attributes: Mapping[str, Any],
        events: Sequence[Event],
        links: Sequence[Link],
        status: Status,
    ) -> None:
        super().__init__(
            name=span.name,
            context=span.context,
            parent=span.parent,
            resource=span.resource,
            attributes=attributes,
            events=events,
            links=links,
            kind=span.kind,
            status=status,
            start_time=span.start_time,
            end_time=span.end_time,
            instrumentation_scope=span.instrumentation_scope,
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
