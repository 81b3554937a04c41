"""Requests: version 2 of the broker's REST API."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from trading_system.venue.assets import listing
from trading_system.venue.orders import VenueOrder
from trading_system.venue.refusals import Refusal, invalid, unauthorized, unknown
from trading_system.venue.venue import ClientCredentials, SimulatedVenue
from trading_system.venue.wire import account_json, asset_json, now_iso, order_json, position_json

ORDERS_PAGE = 50
Handler = Callable[[SimulatedVenue, Request], Awaitable[Response]]


def routes() -> list[Route]:
    """Return the routes under `/v2`."""
    table: list[tuple[str, str, Handler]] = [
        ("POST", "/v2/orders", _submit),
        ("GET", "/v2/orders", _list_orders),
        ("DELETE", "/v2/orders", _cancel_all),
        ("GET", "/v2/orders:by_client_order_id", _order_by_client_id),
        ("GET", "/v2/orders/{id}", _order),
        ("PATCH", "/v2/orders/{id}", _replace),
        ("DELETE", "/v2/orders/{id}", _cancel),
        ("GET", "/v2/account", _account),
        ("GET", "/v2/positions", _positions),
        ("GET", "/v2/positions/{symbol}", _position),
        ("GET", "/v2/clock", _clock),
        ("GET", "/v2/assets/{symbol}", _asset),
    ]
    return [Route(path, _guarded(handler), methods=[method]) for method, path, handler in table]


def _guarded(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Return a handler that applies faults, checks the key, and turns refusals into answers."""

    async def answer(request: Request) -> Response:
        venue: SimulatedVenue = request.app.state.venue
        response = await _fault(venue)
        if response is None:
            try:
                _authorize(venue, request)
                response = await handler(venue, request)
            except Refusal as refusal:
                response = JSONResponse(refusal.body, refusal.status)
        if response.status_code >= 400:
            venue.refused[str(response.status_code)] += 1
            venue.orders_refused += handler is _submit
        return response

    return answer


async def _fault(venue: SimulatedVenue) -> Response | None:
    if fault := venue.faults.hit("latency"):
        await asyncio.sleep(fault.parameters["delay"])
    if fault := venue.faults.hit("http_429"):
        wait = str(int(fault.parameters["retry_after"]))
        body = {"code": 42910000, "message": "rate limit exceeded"}
        return JSONResponse(body, 429, headers={"Retry-After": wait})
    if fault := venue.faults.hit("http_5xx"):
        status = int(fault.parameters["status"])
        return JSONResponse({"code": status * 100_000, "message": "internal server error occurred"}, status)
    return None


def _authorize(venue: SimulatedVenue, request: Request) -> None:
    shown = ClientCredentials(
        request.headers.get("APCA-API-KEY-ID", ""), request.headers.get("APCA-API-SECRET-KEY", "")
    )
    if shown != venue.credentials:
        raise unauthorized()


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refusal(400, 40010000, "request body format is invalid")
    return body


# --- orders


async def _submit(venue: SimulatedVenue, request: Request) -> Response:
    return JSONResponse(venue.desk.submit(await _body(request)))


async def _list_orders(venue: SimulatedVenue, request: Request) -> Response:
    status = request.query_params.get("status", "open")
    symbols = request.query_params.get("symbols")
    wanted = set(symbols.split(",")) if symbols else None

    def matches(order: VenueOrder) -> bool:
        if wanted is not None and order.ticket.symbol not in wanted:
            return False
        return status == "all" or order.is_open == (status == "open")

    found = [order for order in reversed(venue.desk.orders.values()) if matches(order)]
    return JSONResponse([order_json(order) for order in found[: _limit(request)]])


def _limit(request: Request) -> int:
    given = request.query_params.get("limit", str(ORDERS_PAGE))
    if not given.isdecimal():
        raise invalid(f"limit must be a whole number, not {given!r}")
    return int(given)


async def _cancel_all(venue: SimulatedVenue, _: Request) -> Response:
    ids = [order.id for order in venue.desk.orders.values() if order.is_open]
    for order_id in ids:
        venue.desk.cancel(order_id)
    return JSONResponse([{"id": order_id, "status": 200} for order_id in ids], 207)


async def _order_by_client_id(venue: SimulatedVenue, request: Request) -> Response:
    order = venue.desk.find_by_client_id(request.query_params.get("client_order_id", ""))
    return JSONResponse(order_json(order))


async def _order(venue: SimulatedVenue, request: Request) -> Response:
    return JSONResponse(order_json(venue.desk.find(request.path_params["id"])))


async def _replace(venue: SimulatedVenue, request: Request) -> Response:
    return JSONResponse(venue.desk.replace(request.path_params["id"], await _body(request)))


async def _cancel(venue: SimulatedVenue, request: Request) -> Response:
    venue.desk.cancel(request.path_params["id"])
    return Response(status_code=204)


# --- the account and the market


async def _account(venue: SimulatedVenue, _: Request) -> Response:
    return JSONResponse(account_json(venue.desk.account, venue.desk.buying_power))


async def _positions(venue: SimulatedVenue, _: Request) -> Response:
    account = venue.desk.account
    return JSONResponse([position_json(account, symbol) for symbol in sorted(account.positions)])


async def _position(venue: SimulatedVenue, request: Request) -> Response:
    symbol = request.path_params["symbol"]
    if symbol not in venue.desk.account.positions:
        raise unknown("position does not exist")
    return JSONResponse(position_json(venue.desk.account, symbol))


async def _clock(venue: SimulatedVenue, _: Request) -> Response:
    tomorrow = datetime.now(timezone.utc).replace(hour=13, minute=30, second=0, microsecond=0) + timedelta(
        days=1
    )
    skew = venue.faults.active("clock_skew")
    return JSONResponse(
        {
            "timestamp": now_iso(ahead=skew.parameters["offset"] if skew else 0.0),
            "is_open": not venue.desk.is_closed,
            "next_open": tomorrow.isoformat(),
            "next_close": (tomorrow + timedelta(hours=6, minutes=30)).isoformat(),
        }
    )


async def _asset(venue: SimulatedVenue, request: Request) -> Response:
    symbol = request.path_params["symbol"]
    if symbol not in venue.desk.books:
        raise unknown(f"asset not found for {symbol}")
    return JSONResponse(asset_json(listing(symbol)))
