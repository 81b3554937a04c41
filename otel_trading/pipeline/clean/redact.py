"""Redact: replace query strings and credentials in every text that leaves the process.

Every function returns the same object if it redacted nothing, and otherwise a copy: the objects of the
application never change. `REDACTED` is the word of the semantic conventions for URLs:
https://opentelemetry.io/docs/specs/semconv/registry/attributes/url/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, TypeVar

from opentelemetry.sdk.metrics.export import MetricsData
from opentelemetry.sdk.trace import Event
from opentelemetry.trace import Status

from otel_trading.pipeline.clean.metrics_data import with_metrics, with_points
from otel_trading.pipeline.clean.pseudonyms import names_an_account, pseudonym, words_of
from otel_trading.pipeline.clean.record_copy import RecordFields
from otel_trading.pipeline.clean.span_copy import (
    SpanFields,
    with_description,
    with_dropped,
    with_event,
    with_link,
)

REDACTED: Final = "REDACTED"
"""Replaces a secret, as in OpenTelemetry's semantic conventions."""

Extension = Callable[[str, str], str]
"""Takes a text's key ("" if it has none) and the text; returns the text to export."""

_TOO_DEEP: Final = 8

# Each pattern takes time linear in the length of the text, since no two neighbouring repetitions share a
# character: https://owasp.org/www-community/attacks/Regular_expression_Denial_of_Service_-_ReDoS
_USER_INFO: Final = re.compile(r"(?<=://)[^\s/?#@\"'<>]+(?=@)")
_QUERY: Final = re.compile(r"\?[^\s=?&#\"'<>]+=[^\s\"'<>#)]*")
_CREDENTIALS: Final = re.compile(r"\b(bearer|basic)\s+(?=\S*\d)[\w\-.~+/]{8,}=*", re.IGNORECASE)
_SIGN: Final = r"(?:\\?[\"'])?\s?(?:[:=]|%3a|%3d)\s?(?:b?\\?[\"'])?"
_ASSIGNED: Final = re.compile(
    r"(?<![a-z0-9])((?:[a-z0-9]+[_-]?)?(?:authorization|cookie|password|passwd|passphrase|secret|token|signature"
    r"|api[_-]?key|private[_-]?key|access[_-]?key|secret[_-]?key|key[_-]id|api[_-]?key[_-]?id"
    r"|client[_-]?secret|(?:account|acct)(?:[._ -]?(?:id|number|num|no\.?))?"
    rf"(?={_SIGN}[^\s\"',;&}})\\]{{0,64}}\d)))"  # a name of an account without digits, such as "paper", stays
    rf"({_SIGN})(?!\s)[^\s\"',;&}})\\]+",
    re.IGNORECASE,
)
_JWT: Final = re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?")
_KEY_ID: Final = re.compile(r"\b(?:[PAC]K|AKIA|ASIA)(?=[A-Z]*\d)[A-Z0-9]{16,24}\b")
_PEM: Final = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?")
_SIGNS: Final = frozenset(":=%")
"""A text without any of these assigns no value, so that the search for assignments is skipped."""

_SHORTEST_KEY: Final = 18
_LITERAL: Final = re.compile(r"'[^']*(?:'|$)")

_SECRET: Final = re.compile(
    r"(?:authorization|cookie|credentials?|jwt|pass(?:phrase|wd|word)|secret|token|(?:api|private|access)_?key"
    r"|key_?id|url_?query)_"
)
"""Matches a key that names a secret, as `words_of` returns its words."""

_STATEMENTS: Final = frozenset({"db.query.text", "db.statement"})

V = TypeVar("V")


class _Extension:
    """The redactor of the user: one per process, since a process has one pipeline."""

    redact: Extension | None = None


def extend(extension: Extension | None) -> None:
    """Call `extension` with every text, after our own rules; None removes it.

    If it raises, or returns a value that is not a text, the whole text is replaced.
    """
    _Extension.redact = extension
    _redact_name.cache_clear()


def redact_text(text: str, key: str = "") -> str:
    """Return `text` without the query strings, user names, passwords and credentials in it.

    Args:
        text: A text of any length; the time is linear in it.
        key: The key of the text, such as an attribute's; in a database statement, literals are replaced.
    """
    if key in _STATEMENTS:
        text = _LITERAL.sub("'?'", text)
    if "://" in text:
        text = _USER_INFO.sub(f"{REDACTED}:{REDACTED}", text)
    if "?" in text:
        text = _QUERY.sub(f"?{REDACTED}", text)
    if not _SIGNS.isdisjoint(text):
        text = _ASSIGNED.sub(rf"\1\2{REDACTED}", _CREDENTIALS.sub(rf"\1 {REDACTED}", text))
    elif "earer" in (lower := text.lower()) or "asic" in lower:
        text = _CREDENTIALS.sub(rf"\1 {REDACTED}", text)
    if len(text) >= _SHORTEST_KEY:
        for pattern in (_JWT, _KEY_ID, _PEM):
            text = pattern.sub(REDACTED, text)
    return text if _Extension.redact is None else _extended(key, text)


def redact_span(given: SpanFields) -> SpanFields:
    """Return the fields of a span without secrets in its name, attributes, events, links and status."""
    return given._replace(
        name=redact_value(given.name),
        attributes=redact_value(given.attributes),
        events=[_redact_event(event) for event in given.events],
        links=[with_link(link, _redact_attributes(link.attributes)) for link in given.links],
        status=_redact_status(given.status),
    )


def redact_record(given: RecordFields) -> RecordFields:
    """Return the fields of a log record without secrets in its name, body and attributes."""
    return given._replace(
        body=redact_value(given.body),
        attributes=_redact_attributes(given.attributes),
        event_name=redact_value(given.event_name),
    )


def redact_metrics(data: MetricsData) -> MetricsData:
    """Return the metrics without secrets in the attributes of their points."""
    return with_metrics(data, lambda _, metric: with_points(metric, _redact_point))


def redact_value(value: V, depth: int = 0, key: str = "") -> V:
    """Return a value, or a mapping of attributes, without secrets: the same object if it has none.

    Args:
        value: The value of an attribute, or the body of a log record.
        depth: How many containers hold the value; containers below the eighth are replaced as a whole.
        key: The key of the value.
    """
    if isinstance(value, str):
        redacted = redact_text(value, key)
        return value if redacted == value else redacted  # type: ignore[return-value]
    if isinstance(value, Mapping):
        return _redact_mapping(value, depth)  # type: ignore[return-value]
    if isinstance(value, bytes):
        return _redact_bytes(value, key)  # type: ignore[return-value]
    if isinstance(value, Sequence):
        if depth >= _TOO_DEEP:
            return REDACTED  # type: ignore[return-value]
        items = tuple(redact_value(item, depth + 1, key) for item in value)
        return value if _same(items, value) else items  # type: ignore[return-value]
    return value


def _redact_mapping(mapping: Mapping[str, Any], depth: int) -> Mapping[str, Any] | str:
    if depth >= _TOO_DEEP:
        return REDACTED
    redacted = {key: _redact_item(item, depth + 1, key) for key, item in mapping.items()}
    return mapping if all(redacted[key] is item for key, item in mapping.items()) else redacted


def _redact_item(item: Any, depth: int, key: str) -> Any:
    if names_an_account(key):
        return item if item is None else pseudonym(item) or REDACTED
    return REDACTED if names_a_secret(key) else redact_value(item, depth, key)


def _redact_bytes(value: bytes, key: str) -> bytes:
    text = value.decode("latin-1")
    redacted = redact_text(text, key)
    return value if redacted == text else redacted.encode("latin-1", "replace")


def _extended(key: str, text: str) -> str:
    try:
        redacted: object = _Extension.redact(key, text) if _Extension.redact else text
    except KeyboardInterrupt:  # the operator's Ctrl-C, on a thread of the application
        raise
    except BaseException:  # noqa: BLE001 - user code may raise SystemExit; a text that it did not check must not leave
        return REDACTED
    return redacted if isinstance(redacted, str) else REDACTED


@lru_cache(4096)
def names_a_secret(key: str) -> bool:
    """Return whether the words of `key` name a secret, so that its value must not leave the process."""
    return bool(_SECRET.search(words_of(key)))


def _redact_attributes(given: Any) -> Any:
    return with_dropped(redact_value(given), given)


def _redact_event(event: Event) -> Event:
    return with_event(event, redact_value(event.name), _redact_attributes(event.attributes), event.timestamp)


def _redact_point(point: Any) -> Any:
    if not point.attributes:
        return point
    attributes = {
        key: REDACTED if names_a_secret(key) or names_an_account(key) else _redact_label(value, key)
        for key, value in point.attributes.items()
    }
    return point if attributes == point.attributes else replace(point, attributes=attributes)


def _redact_label(value: V, key: str) -> V:
    return _redact_name(value, key) if isinstance(value, str) else redact_value(value, key=key)  # type: ignore[return-value]


@lru_cache(8192)
def _redact_name(value: str, key: str) -> str:
    """Redact a text of a metric's attribute; cached, since every export has the same few texts."""
    return redact_value(value, key=key)


def _redact_status(status: Status) -> Status:
    return with_description(status, redact_value(status.description))


def _same(some: Sequence[object], others: Sequence[object]) -> bool:
    return all(one is other for one, other in zip(some, others, strict=True))
