"""Wire: the JSON and msgpack messages for the broker's clients."""

import time
from datetime import datetime, timedelta, timezone
from typing import Any

import msgpack

from trading_system.venue.accounts import MULTIPLIER, VenueAccount
from trading_system.venue.assets import Asset, listing
from trading_system.venue.orders import VenueOrder
from trading_system.venue.ticks import PRICE_SCALE, Quote, Tick, dollars

Json = dict[str, Any]
TIMES = (
    "created_at",
    "updated_at",
    "submitted_at",
    "filled_at",
    "expired_at",
    "canceled_at",
    "failed_at",
    "replaced_at",
)
_PACKER = msgpack.Packer()


def tick_message(tick: Tick, number: int) -> bytes:
    """Pack a tick for the market data stream, with its number as `n` and the time of sending as `t`."""
    fields = _quote(tick) if isinstance(tick, Quote) else _trade(tick, number)
    fields["c"] = tick.conditions
    fields["z"] = listing(tick.symbol).tape
    fields["t"] = msgpack.Timestamp.from_unix_nano(time.time_ns())
    fields["n"] = number
    packed: bytes = _PACKER.pack(fields)
    return packed


def _quote(tick: Quote) -> Json:
    return {
        "T": "q",
        "S": tick.symbol,
        "bx": tick.bid_exchange,
        "bp": tick.bid_price / PRICE_SCALE,
        "bs": tick.bid_size,
        "ax": tick.ask_exchange,
        "ap": tick.ask_price / PRICE_SCALE,
        "as": tick.ask_size,
    }


def _trade(tick: Any, number: int) -> Json:
    return {
        "T": "t",
        "S": tick.symbol,
        "i": number,
        "x": tick.exchange,
        "p": tick.price / PRICE_SCALE,
        "s": tick.size,
    }


def batch(messages: list[bytes]) -> bytes:
    """Join packed messages into the array of one WebSocket message."""
    header: bytes = _PACKER.pack_array_header(len(messages))
    return header + b"".join(messages)


def order_json(order: VenueOrder) -> Json:
    """Return the JSON of an order, for answers and trade updates."""
    ticket, asset = order.ticket, listing(order.ticket.symbol)
    average = order.filled_value / order.filled_quantity / PRICE_SCALE if order.filled_quantity else None
    return {
        "id": order.id,
        "client_order_id": ticket.client_order_id,
        **{name: _iso(order.times.get(name)) for name in TIMES},
        "replaced_by": order.replaced_by,
        "replaces": order.replaces,
        "asset_id": str(asset.id),
        "symbol": ticket.symbol,
        "asset_class": "us_equity",
        "notional": None,
        "qty": str(ticket.quantity),
        "filled_qty": str(order.filled_quantity),
        "filled_avg_price": None if average is None else f"{average:.6f}".rstrip("0").rstrip("."),
        "order_class": "",
        "order_type": ticket.type,
        "type": ticket.type,
        "side": ticket.side.value,
        "time_in_force": ticket.time_in_force,
        "limit_price": None if ticket.limit_price is None else dollars(ticket.limit_price),
        "stop_price": None,
        "status": order.status,
        "extended_hours": False,
        "legs": None,
        "trail_percent": None,
        "trail_price": None,
        "hwm": None,
    }


def update_json(event: str, order: VenueOrder, execution: Json) -> Json:
    """Return a trade update.

    Args:
        event: The name of the event.
        order: The order after the event.
        execution: execution_id, qty, price and position_qty of a fill, or the reason of a rejection.
    """
    data = {"event": event, "timestamp": now_iso(), "order": order_json(order), **execution}
    return {"stream": "trade_updates", "data": data}


def account_json(account: VenueAccount, buying_power: int) -> Json:
    """Return the answer of `GET /v2/account`."""
    equity, power = dollars(account.equity), dollars(max(0, buying_power))
    return {
        "id": account.id,
        "account_number": account.number,
        "status": "ACTIVE",
        "currency": "USD",
        "cash": dollars(account.cash),
        "portfolio_value": equity,
        "equity": equity,
        "last_equity": equity,
        "buying_power": power,
        "regt_buying_power": power,
        "daytrading_buying_power": power,
        "multiplier": str(MULTIPLIER),
        "long_market_value": dollars(account.long_value),
        "short_market_value": dollars(account.short_value),
        "initial_margin": dollars((account.long_value - account.short_value) // MULTIPLIER),
        "maintenance_margin": dollars((account.long_value - account.short_value) // MULTIPLIER),
        "pattern_day_trader": False,
        "trading_blocked": False,
        "transfers_blocked": False,
        "account_blocked": False,
        "trade_suspended_by_user": False,
        "shorting_enabled": True,
        "created_at": _iso(account.created_at),
    }


def position_json(account: VenueAccount, symbol: str) -> Json:
    """Return one position in the answer of `GET /v2/positions`."""
    position, asset, value = account.positions[symbol], listing(symbol), account.value_of(symbol)
    profit = value - position.cost
    return {
        "asset_id": str(asset.id),
        "symbol": symbol,
        "exchange": asset.exchange,
        "asset_class": "us_equity",
        "avg_entry_price": dollars(round(position.cost / position.quantity)),
        "qty": str(position.quantity),
        "qty_available": str(position.quantity),
        "side": "long" if position.quantity > 0 else "short",
        "market_value": dollars(value),
        "cost_basis": dollars(position.cost),
        "unrealized_pl": dollars(profit),
        "unrealized_plpc": f"{profit / abs(position.cost):.6f}" if position.cost else "0",
        "current_price": dollars(account.marks.get(symbol, 0)),
    }


def asset_json(asset: Asset) -> Json:
    """Return the answer of `GET /v2/assets/{symbol}`."""
    return {
        "id": str(asset.id),
        "class": "us_equity",
        "exchange": asset.exchange,
        "symbol": asset.symbol,
        "name": f"{asset.symbol} Common Stock",
        "status": "active",
        "tradable": True,
        "marginable": True,
        "shortable": True,
        "easy_to_borrow": True,
        "fractionable": False,
    }


def now_iso(ahead: float = 0.0) -> str:
    """Return the current time in the broker's format.

    Args:
        ahead: Seconds to add to the current time.
    """
    return _text(datetime.now(timezone.utc) + timedelta(seconds=ahead))


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else _text(moment)


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
