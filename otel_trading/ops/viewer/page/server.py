"""The server: serves the page on a port of 127.0.0.1, in a thread of its own."""

from __future__ import annotations

import socket
from collections.abc import Callable
from threading import Thread
from typing import Any, Final

import uvicorn
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import Self

from otel_trading.errors import ConfigurationError
from otel_trading.ops.viewer.own_origin import refusal
from otel_trading.ops.viewer.page import dropped, latency, logs, metrics, traces, trading
from otel_trading.ops.viewer.page.frame import Site, build
from otel_trading.ops.viewer.receiver import taken

_AREAS: Final = (trading.area, latency.area, traces.area, logs.area, metrics.area, dropped.area)
_HOST: Final = "127.0.0.1"
_PATIENCE: Final = 10.0
_POLICY_VIOLATION: Final = 1008
_POLICY: Final = (
    "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'; object-src 'none'"
)
"""The policy by which the browser fetches nothing from other hosts; the framework needs inline scripts.

https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Content-Security-Policy
"""

_ADDED: Final = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]


class OwnOrigin:
    """Passes only requests to the own address that come from own pages or from programs.

    Args:
        app: The application behind the guard.
        port: The port of 127.0.0.1 at which the application is served.
        refused: Called with the reason of each refusal.
    """

    def __init__(self, app: ASGIApp, port: int, refused: Callable[[str], None]) -> None:
        self._app = app
        self._port = port
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it: with 403, or by closing a WebSocket."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        reason = refusal(Headers(scope=scope), self._port, is_page=True)
        if reason is None:
            await self._app(scope, receive, _with_policy(send))
            return
        self._refused(reason)
        if scope["type"] == "websocket":
            # A close before the accept becomes HTTP status 403:
            # https://asgi.readthedocs.io/en/latest/specs/www.html#close-send-event
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": reason})
        else:
            answer = PlainTextResponse(f"Refused: {reason}. Open http://{_HOST}:{self._port}/\n", 403)
            await answer(scope, receive, send)


class PageServer:
    """Serves the page from `with` to the end of its block.

    A process can serve one page, because the framework has global state.

    Args:
        site: The data of the page.
        port: The port of 127.0.0.1.
        or_free: Whether to use a free port if that one is taken.

    Attributes:
        url: The URL of the page.
        is_elsewhere: Whether the port differs from the requested one.

    Raises:
        ConfigurationError: The port is taken.
    """

    def __init__(self, site: Site, port: int, *, or_free: bool = False) -> None:
        self._socket = _bound(port, or_free=or_free)
        bound_port = self._socket.getsockname()[1]
        self.url = f"http://{_HOST}:{bound_port}"
        self.is_elsewhere = bound_port != port
        app = OwnOrigin(build(site, _AREAS), bound_port, site.store.refuse)
        self._server = uvicorn.Server(
            uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1)
        )
        self._thread = Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="page", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(_PATIENCE)
        self._socket.close()


def _bound(port: int, *, or_free: bool) -> socket.socket:
    """Return a listening socket, so that a browser that connects before the server is ready waits."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # A restarted viewer must not wait for old connections in TIME_WAIT to expire.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((_HOST, port))
        bound.listen()
    except OSError as error:
        bound.close()
        if or_free:
            return _bound(0, or_free=False)
        raise ConfigurationError(taken(port, "--port")) from error
    return bound


def _with_policy(send: Send) -> Send:
    async def sent(message: Any) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *_ADDED]}
        await send(message)

    return sent
