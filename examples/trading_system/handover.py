"""Handover: notice when a blocking HTTP client has sent the last byte of an order's request.

The how-to of `sent()` for such a client: the submission ends when the request has left. The client returns
only with the answer, and the wait for the answer is the venue's time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse

_on_sent: ContextVar[Callable[[], None] | None] = ContextVar("on_sent", default=None)


@contextmanager
def notify_when_sent(on_sent: Callable[[], None]) -> Iterator[None]:
    """Call `on_sent` when a request of this block, made through a `NotifyingAdapter`, has left.

    Args:
        on_sent: Called once for each request.
    """
    token = _on_sent.set(on_sent)
    try:
        yield
    finally:
        _on_sent.reset(token)


class NotifyingAdapter(HTTPAdapter):
    """The adapter of a `requests` session whose connections call `on_sent`; mount it in the session."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pool use connections that call `on_sent`."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


# urllib3 calls `getresponse` after it has written the whole request and before it waits for the answer.
class _Connection(HTTPConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # urllib3 itself overrides it so
        _notify()
        return super().getresponse()


class _SecureConnection(HTTPSConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # urllib3 itself overrides it so
        _notify()
        return super().getresponse()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def _notify() -> None:
    on_sent = _on_sent.get()
    if on_sent is not None:
        on_sent()
