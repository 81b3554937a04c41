"""OTLP over HTTP: each request is a POST of binary protobuf, on one kept-alive connection."""

from __future__ import annotations

import gzip
import os
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Final

import requests

from otel_trading.pipeline.deliver.tls import Credentials
from otel_trading.pipeline.deliver.wire import LARGEST_ANSWER, Answer, Verdict, accepted, bounded_pause

_PROTOBUF: Final = "application/x-protobuf"
# https://opentelemetry.io/docs/specs/otlp/#failures-1 retries 429, 502, 503 and 504. Proxies also answer 408,
# 425 or 500 during a restart, and a short outage should not lose a batch.
_RETRY: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_CREDENTIAL: Final = frozenset({401, 403, 407})
_ENCODE: Final[Mapping[str, Callable[[bytes], bytes]]] = {"gzip": gzip.compress, "deflate": zlib.compress}


class HttpWire:
    """Sends OTLP requests of one signal over HTTP.

    Args:
        signal: "traces", "metrics" or "logs".
        endpoint: The URL including its path.
        headers: Sent with each request.
        credentials: Certificates to use in place of the system's.
        compression: "gzip", "deflate" or "none".
    """

    largest = 20 * 1024 * 1024  # the default limit of the Collector's receiver

    def __init__(
        self,
        signal: str,
        endpoint: str,
        headers: Mapping[str, str],
        credentials: Credentials,
        compression: str,
    ) -> None:
        self._signal = signal
        self._endpoint = endpoint
        self._encode = _ENCODE.get(compression)
        self._headers = {"Content-Type": _PROTOBUF, "User-Agent": "otel_trading", **headers}
        if self._encode is not None:
            self._headers["Content-Encoding"] = compression
        self._credentials = credentials
        self._session = requests.Session()
        self._pid = 0

    def send(self, payload: bytes, timeout: float) -> Answer:
        """Send one encoded request and wait for its answer, at most `timeout` seconds; never raise."""
        until = time.monotonic() + timeout
        body = self._encode(payload) if self._encode else payload
        try:
            # A redirect could send the credentials in the headers to another host, so none is followed.
            response = self._connected().post(
                self._endpoint, body, timeout=timeout, stream=True, allow_redirects=False
            )
            with closing(response):
                answer = self._read(response, until)
        except requests.exceptions.SSLError as error:
            return Answer(Verdict.RETRY, f"TLS failed: {_innermost(error)}")
        except ValueError as error:  # a header or the endpoint is invalid, which no retry changes
            return Answer(Verdict.REFUSED, f"the request is invalid: {error}")
        except (requests.RequestException, OSError) as error:
            return Answer(Verdict.RETRY, f"{type(error).__name__}: {_innermost(error)}")
        return answer

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _connected(self) -> requests.Session:
        if self._pid != os.getpid():  # a parent and its forked child must not share a connection
            self._pid = os.getpid()
            self._session = requests.Session()
            self._session.headers.update(self._headers)
            self._session.verify = self._credentials.authorities or True
            self._session.cert = self._credentials.own
        return self._session

    def _read(self, response: requests.Response, until: float) -> Answer:
        if response.status_code != requests.codes.ok:
            return _declined(response)
        content_type = response.headers.get("Content-Type", _PROTOBUF).partition(";")[0].strip().lower()
        body = _bounded(response, until)
        if content_type != _PROTOBUF or body is None:
            answer = (
                "a very long or very slow answer" if body is None else f"an answer of type {content_type!r}"
            )
            return Answer(Verdict.RETRY, f"{answer} with status 200: the endpoint is not an OTLP endpoint")
        return accepted(self._signal, body) or Answer(
            Verdict.RETRY, "the answer with status 200 is not an OTLP response"
        )


def _declined(response: requests.Response) -> Answer:
    status, reason = response.status_code, f"HTTP {response.status_code} {response.reason}"
    if status in _RETRY:
        return Answer(Verdict.RETRY, reason, pause=retry_after(response.headers.get("Retry-After")))
    if status in _CREDENTIAL:
        return Answer(Verdict.CREDENTIAL, f"{reason}: the credential in `headers` is missing or not accepted")
    if status == requests.codes.request_entity_too_large:
        return Answer(Verdict.TOO_LARGE, reason)
    return Answer(Verdict.REFUSED, reason)


def retry_after(given: str | None) -> float | None:
    """Return the seconds that a `Retry-After` header requests, as `bounded_pause` limits them.

    Args:
        given: The header's value: seconds, or a date
            (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after). None if the header is missing.

    Returns:
        None if the value cannot be read.
    """
    if given is None:
        return None
    try:
        return bounded_pause(float(given))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(given)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        return bounded_pause((moment - datetime.now(timezone.utc)).total_seconds())
    except (ValueError, OverflowError):
        return None


def _bounded(response: requests.Response, until: float) -> bytes | None:
    """Read the body; return None if it is too long or does not end in time."""
    body = b""
    # Read byte by byte: `iter_content` waits for whole pieces, and a slow server could delay a longer piece.
    for piece in response.iter_content(1):
        body += piece
        if len(body) > LARGEST_ANSWER or time.monotonic() > until:
            return None
    return body


def _innermost(error: BaseException) -> str:
    """Return the message of the error that requests and urllib3 have wrapped."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return str(error)
