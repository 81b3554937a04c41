"""Only programs on this machine and the page's own scripts are served."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from otel_trading.ops.viewer.own_origin import CROSS_SITE, FOREIGN_HOST, refusal
from otel_trading.ops.viewer.page.server import OwnOrigin

PAGE = [
    ({"host": "127.0.0.1:8400"}, None),
    ({"host": "localhost:8400"}, None),
    ({"host": "127.0.0.1:8400", "origin": "http://127.0.0.1:8400", "sec-fetch-site": "same-origin"}, None),
    ({"host": "127.0.0.1:8400", "sec-fetch-site": "none"}, None),
    ({}, FOREIGN_HOST),
    ({"host": "127.0.0.1"}, FOREIGN_HOST),
    ({"host": "127.0.0.1:8401"}, FOREIGN_HOST),
    ({"host": "rebound.example:8400"}, FOREIGN_HOST),
    ({"host": "127.0.0.1:8400.rebound.example"}, FOREIGN_HOST),
    ({"host": "127.0.0.1:8400", "origin": "https://foreign.example"}, CROSS_SITE),
    ({"host": "127.0.0.1:8400", "origin": "null"}, CROSS_SITE),
    ({"host": "127.0.0.1:8400", "origin": "http://127.0.0.1:3000"}, CROSS_SITE),
    ({"host": "127.0.0.1:8400", "sec-fetch-site": "cross-site"}, CROSS_SITE),
    ({"host": "127.0.0.1:8400", "sec-fetch-site": "same-site"}, CROSS_SITE),
]


@pytest.mark.parametrize(("headers", "reason"), PAGE)
def test_a_page_serves_its_own_requests_only(headers, reason):
    assert refusal(headers, 8400, is_page=True) == reason


@pytest.mark.parametrize(("headers", "reason"), PAGE)
def test_a_port_without_a_page_refuses_every_script(headers, reason):
    from_script = {"origin", "sec-fetch-site"} & headers.keys()
    assert refusal(headers, 8400) == (CROSS_SITE if from_script and reason is None else reason)


class Exchange:
    """One request to an application behind the guard, with the messages that the guard sent."""

    def __init__(self, kind: str, headers: dict[str, str], method: str = "GET") -> None:
        self.refused: list[str] = []
        self.sent: list[dict[str, Any]] = []
        self._scope = {
            "type": kind,
            "method": method,
            "path": "/",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }

    async def run(self) -> Exchange:
        async def receive() -> dict[str, str]:
            return {"type": f"{self._scope['type']}.connect"}

        async def send(message: dict[str, Any]) -> None:
            self.sent.append(message)

        await OwnOrigin(the_page, 8400, self.refused.append)(self._scope, receive, send)
        return self


async def the_page(scope: Any, receive: Any, send: Any) -> None:
    """Accept every request that passes the guard."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
    else:
        await PlainTextResponse("the page")(scope, receive, send)


@pytest.mark.parametrize(("headers", "reason"), PAGE)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_request_is_served_or_refused(method, headers, reason):
    exchange = await Exchange("http", headers, method).run()
    assert exchange.sent[0]["status"] == (403 if reason else 200)
    assert exchange.refused == ([reason] if reason else [])
    assert (b"the page" in exchange.sent[1]["body"]) is (reason is None)


@pytest.mark.parametrize(("headers", "reason"), PAGE)
async def test_a_websocket_is_accepted_or_refused(headers, reason):
    exchange = await Exchange("websocket", headers).run()
    assert [message["type"] for message in exchange.sent] == [
        "websocket.close" if reason else "websocket.accept"
    ]
    assert exchange.refused == ([reason] if reason else [])


async def test_the_policy_forbids_fetches_from_other_hosts():
    exchange = await Exchange("http", {"host": "127.0.0.1:8400"}).run()
    policy = dict(exchange.sent[0]["headers"])[b"content-security-policy"]
    assert policy.startswith(b"default-src 'self'")
    assert b"http" not in policy
