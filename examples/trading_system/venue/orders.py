"""Order: the request of a client, and its progress."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any
from uuid import uuid4

from trading_system.venue.book import Side
from trading_system.venue.refusals import Refusal, invalid
from trading_system.venue.ticks import CENT, PRICE_SCALE

OPEN_STATUSES = frozenset({"pending_new", "new", "partially_filled"})
END_STATUSES = ("filled", "canceled", "expired", "rejected", "replaced")
ORDER_TYPES = ("market", "limit")
TIMES_IN_FORCE = ("day", "ioc")


@dataclass(frozen=True)
class Ticket:
    """A checked request for a new order."""

    client_order_id: str
    symbol: str
    side: Side
    type: str
    time_in_force: str
    quantity: int
    limit_price: int | None


@dataclass
class VenueOrder:
    """A client's order with its status; its times have the names of the broker's JSON."""

    ticket: Ticket
    id: str = field(default_factory=lambda: str(uuid4()))
    status: str = "pending_new"
    filled_quantity: int = 0
    filled_value: int = 0
    executions: int = 0
    replaces: str | None = None
    replaced_by: str | None = None
    times: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        now = datetime.now(timezone.utc)
        self.times.update(created_at=now, submitted_at=now, updated_at=now)

    @property
    def is_open(self) -> bool:
        """Whether the order can still trade."""
        return self.status in OPEN_STATUSES

    @property
    def remaining(self) -> int:
        """Shares that have not traded yet."""
        return self.ticket.quantity - self.filled_quantity

    def become(self, status: str, time_name: str = "") -> None:
        """Change the status and record the time.

        Args:
            status: The new status, in the broker's spelling.
            time_name: The name of the time to set, in addition to `updated_at`.
        """
        self.status = status
        now = datetime.now(timezone.utc)
        self.times["updated_at"] = now
        if time_name:
            self.times[time_name] = now

    def fill(self, quantity: int, price: int) -> None:
        """Add an execution.

        Args:
            quantity: Shares.
            price: In ten-thousandths of a dollar.
        """
        self.executions += 1
        self.filled_quantity += quantity
        self.filled_value += quantity * price
        if self.remaining:
            self.become("partially_filled")
        else:
            self.become("filled", "filled_at")


def ticket_from(body: Mapping[str, Any]) -> Ticket:
    """Check the request for a new order, and return its ticket.

    Args:
        body: The JSON that the client posted.

    Returns:
        The ticket.

    Raises:
        Refusal: A field is missing, or has a value that the venue does not accept.
    """
    order_type = _word(body, "type", ORDER_TYPES)
    limit_price = _price(body, "limit_price")
    if order_type == "limit" and limit_price is None:
        raise invalid("limit orders require limit_price")
    if order_type == "market" and limit_price is not None:
        raise invalid("market orders require no limit_price")
    return Ticket(
        client_order_id=str(body.get("client_order_id") or uuid4()),
        symbol=str(body.get("symbol", "")),
        side=Side(_word(body, "side", ("buy", "sell"))),
        type=order_type,
        time_in_force=_word(body, "time_in_force", TIMES_IN_FORCE),
        quantity=_quantity(body),
        limit_price=limit_price,
    )


def replacement_from(order: VenueOrder, body: Mapping[str, Any]) -> Ticket:
    """Check the request to replace an order, and return its ticket.

    Args:
        order: The order to replace.
        body: The JSON of the request. A missing field keeps its value; a missing quantity is the remaining
            one.

    Returns:
        The ticket of the new order.

    Raises:
        Refusal: A field has a value that the venue does not accept.
    """
    old = order.ticket
    limit_price = old.limit_price if "limit_price" not in body else _price(body, "limit_price")
    if old.type == "market" and limit_price is not None:
        raise invalid("market orders require no limit_price")
    return Ticket(
        client_order_id=str(body.get("client_order_id") or uuid4()),
        symbol=old.symbol,
        side=old.side,
        type=old.type,
        time_in_force=_word({"time_in_force": old.time_in_force, **body}, "time_in_force", TIMES_IN_FORCE),
        quantity=_quantity({"qty": order.remaining, **body}),
        limit_price=limit_price,
    )


def _word(body: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    given = body.get(name)
    if given not in allowed:
        raise invalid(f"invalid {name} {given!r}: this venue takes {' and '.join(allowed)}")
    return str(given)


def _quantity(body: Mapping[str, Any]) -> int:
    given = _number(body, "qty")
    if given is None:
        raise invalid("qty is required")
    if given <= 0 or given != int(given):
        raise invalid(f"qty must be a whole number of shares above 0, not {given:g}")
    return int(given)


def _price(body: Mapping[str, Any], name: str) -> int | None:
    given = _number(body, name)
    if given is None:
        return None
    price = round(given * PRICE_SCALE)
    if price <= 0:
        raise invalid(f"{name} must be above 0, not {given:g}")
    if price % CENT:
        raise invalid(
            f"invalid {name} {given:g}: sub-penny increment does not fulfill minimum pricing criteria"
        )
    return price


def _number(body: Mapping[str, Any], name: str) -> float | None:
    given = body.get(name)
    if given is None:
        return None
    try:
        number = float(given)
    except (TypeError, ValueError):
        raise _not_a_number(name, given) from None
    if number - number != 0:  # infinite or not a number
        raise _not_a_number(name, given)
    return number


def _not_a_number(name: str, given: object) -> Refusal:
    return invalid(f"{name} must be a number, not {given!r}")
