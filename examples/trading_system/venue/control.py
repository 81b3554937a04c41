"""Control: the HTTP interface for an operator of the simulation. A real broker has no counterpart."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from trading_system.venue.faults import FaultError
from trading_system.venue.venue import SimulatedVenue
from trading_system.venue.wire import Json


def routes() -> list[Route]:
    """Return the routes under `/control`. They need no key, and no fault affects them."""
    return [
        Route("/control/health", _health, methods=["GET"]),
        Route("/control/market", _market, methods=["POST"]),
        Route("/control/counts", _counts, methods=["GET"]),
        Route("/control/faults", _faults, methods=["GET"]),
        Route("/control/faults", _activate, methods=["POST"]),
        Route("/control/faults", _clear, methods=["DELETE"]),
    ]


def _venue(request: Request) -> SimulatedVenue:
    venue: SimulatedVenue = request.app.state.venue
    return venue


async def _json(request: Request) -> Json:
    try:
        body = await request.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


async def _health(request: Request) -> Response:
    venue = _venue(request)
    subscribers = {"market_data": venue.feed.subscribers, "trade_updates": len(venue.listeners)}
    return JSONResponse(
        {
            "status": "ok",
            "market": venue.market,
            "symbols": list(venue.source.symbols),
            "subscribers": subscribers,
        }
    )


async def _market(request: Request) -> Response:
    venue, running = _venue(request), (await _json(request)).get("running")
    if not isinstance(running, bool):
        return JSONResponse({"message": '"running" must be true or false'}, 422)
    if running:
        venue.open_market()
    else:
        venue.close_market()
    return JSONResponse({"market": venue.market})


async def _counts(request: Request) -> Response:
    return JSONResponse(_venue(request).counts())


async def _faults(request: Request) -> Response:
    return JSONResponse({"active": _venue(request).faults.listing()})


async def _activate(request: Request) -> Response:
    venue = _venue(request)
    try:
        venue.activate(await _json(request))
    except FaultError as error:
        return JSONResponse({"message": str(error)}, 422)
    return JSONResponse({"active": venue.faults.listing()})


async def _clear(request: Request) -> Response:
    venue = _venue(request)
    venue.clear_faults()
    return JSONResponse({"active": venue.faults.listing()})
