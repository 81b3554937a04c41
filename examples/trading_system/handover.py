"""Handover: when the last byte of an order's request left, of a client that returns only with the answer.

The how-to of `sent()` for a blocking HTTP client: the venue's time to answer is not the submission's.
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

_sent: ContextVar[Callable[[], None] | None] = ContextVar("sent", default=None)


@contextmanager
def tell_when_sent(sent: Callable[[], None]) -> Iterator[None]:
    """Have a request of this block, through an `Adapter`, tell when it left and its answer is waited for.

    Args:
        sent: Called once for each request.
    """
    token = _sent.set(sent)
    try:
        yield
    finally:
        _sent.reset(token)


class Adapter(HTTPAdapter):
    """To be mounted in the client's session."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make connections that tell."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


class _Connection(HTTPConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 itself has it
        _tell()
        return super().getresponse()


class _SecureConnection(HTTPSConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 itself has it
        _tell()
        return super().getresponse()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def _tell() -> None:
    sent = _sent.get()
    if sent is not None:
        sent()
