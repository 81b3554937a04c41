"""Execution engine: orders leave for the venue, and its updates become fills, rejections and reports.

The how-to of `ot.Order`: each step of an order's life is one call, on whatever thread it is learned.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from dataclasses import dataclass

import zmq
from alpaca.trading.enums import OrderStatus, TradeEvent
from alpaca.trading.models import Order as AlpacaOrder
from alpaca.trading.models import TradeUpdate
from alpaca.trading.stream import TradingStream

import otel_trading as ot
from trading_system.drill import Drill
from trading_system.gateway import Clock, Gateway, RequestError, ticket
from trading_system.messages import OrderRequest, Report, pack, unpack
from trading_system.service import VENUE, Context, Socket, bind, connect, messages, run
from trading_system.session import follow_clock, follow_session
from trading_system.settings import Settings

WORKERS = 2
PATIENCE = 1.5
"""Seconds that an order may rest in the book before it is canceled."""

TIGHT_SPREAD = 0.02
_ENDS = frozenset({"filled", "canceled", "expired"})

_log = logging.getLogger(__name__)


class UpdateStream(TradingStream):
    """The broker's own client, which tells the venue's instrument how the connection goes.

    Attributes:
        listening: Set when updates come for the first time.
        returned: Set when they come again, after a loss of the connection.
    """

    def __init__(self, settings: Settings, venue: ot.Venue) -> None:
        url = f"{settings.stream_url}/stream"
        super().__init__(settings.key_id, settings.secret_key, url_override=url)
        self.listening = asyncio.Event()
        self.returned = asyncio.Event()
        self._venue = venue

    async def _start_ws(self) -> None:
        self._venue.connecting()
        try:
            await super()._start_ws()  # type: ignore[no-untyped-call]
        except Exception as error:
            self._venue.request_failed(error)
            self._venue.disconnected()
            raise
        self._venue.connected()
        if self.listening.is_set():
            self.returned.set()
        self.listening.set()

    def on_clock(self, clock: Clock) -> None:
        """Take in what the venue's clock says."""
        ot.clock_offset(clock.ahead, source="system")
        follow_session(self._venue, is_open=clock.is_open, is_up=self._running)

    async def close(self) -> None:
        """Close the connection, which the client also calls when it has lost it."""
        if self._running and self._should_run:
            self._venue.disconnected()
        await super().close()

    async def drain(self) -> None:
        """End the session: what was sent before the close is still handled, then `_run_forever` returns."""
        self._venue.idle()
        self._should_run = False
        if self._stop_stream_event is not None:
            self._stop_stream_event.set()
        if self._ws is not None:
            await self._ws.close()


@dataclass
class Working:
    """An order that the risk manager still counts as on its way."""

    request: OrderRequest
    order: ot.Order
    rests: bool
    left: float
    canceling: asyncio.Task[None] | None = None


class ExecutionEngine:
    """From an order that may leave to the last of its executions."""

    def __init__(self, gateway: Gateway, reports: Socket) -> None:
        self._gateway = gateway
        self._reports = reports
        self._fills = ot.Channel("fills")
        self._working: dict[str, Working] = {}

    async def on_order(self, request: OrderRequest) -> None:
        """Choose how to trade, and hand the order over to the venue."""
        is_tight = request.ask - request.bid < TIGHT_SPREAD + 0.005
        takes = is_tight and not self._would_meet_our_own(request)
        order = ot.Order(
            request.client_order_id,
            venue=VENUE,
            type="market" if takes else "limit",
            side=request.side,
            quantity=request.quantity,
            strategy=request.strategy,
            symbol=request.symbol,
            arrival_price=request.mid,
            decision_price=request.decision_price,
            triggered_at_ns=request.triggered_at_ns,
        )
        with order.route("take" if takes else "post"):
            chosen = ticket(request, takes=takes)
        working = Working(request, order, not takes, request.quantity)
        self._working[request.client_order_id] = working
        try:
            await asyncio.to_thread(self._gateway.submit, order, chosen)
        except RequestError as error:
            _log.warning("order %s was not taken: %s", order.client_order_id, error)
            await self._report(working, 0.0, 0.0)

    async def on_update(self, update: TradeUpdate) -> None:
        """Tell the order what the venue says about it, and the risk manager what that means."""
        order = ot.Order.find(update.order.client_order_id)
        if order is None:
            _log.error("an update of an order that is not ours: %s", update.order.client_order_id)
            ot.Order.fill_unmatched(VENUE, client_order_id=update.order.client_order_id)
            return
        working = self._working.get(order.client_order_id)
        attributes = {"trading_system.update": TradeEvent(update.event).value}
        with ot.span("handle trade update", attributes, context=order.context):
            filled = order.filled_quantity, order.average_price or 0.0
            _tell(order, update, rests=working is not None and working.rests)
            if working is None:
                return
            if TradeEvent(update.event) is TradeEvent.NEW and working.rests:
                working.canceling = asyncio.create_task(self._cancel_later(working, update))
            await self._follow_up(working, *filled)

    async def clear(self) -> None:
        """Cancel what an engine before this one left at the venue: nobody would look after it."""
        try:
            await asyncio.to_thread(self._gateway.cancel_all)
        except RequestError as error:
            _log.warning("the open orders were not canceled: %s", error)

    async def catch_up(self) -> None:
        """Ask for the orders that may have ended while no updates came."""
        for working in list(self._working.values()):
            try:
                found = await asyncio.to_thread(self._gateway.find, working.order)
            except RequestError as error:
                _log.warning("order %s could not be looked up: %s", working.order.client_order_id, error)
                continue
            with ot.span("catch up", context=working.order.context):
                filled = working.order.filled_quantity, working.order.average_price or 0.0
                _tell_end(working.order, found)
                await self._follow_up(working, *filled)

    def _would_meet_our_own(self, request: OrderRequest) -> bool:
        """Whether an order of ours is open on the other side: no venue lets a market order trade with it."""
        open_orders = (working.request for working in self._working.values())
        return any(one.symbol == request.symbol and one.side != request.side for one in open_orders)

    async def _follow_up(self, working: Working, quantity: float, average_price: float) -> None:
        """Report what was filled beyond `quantity`, and the end."""
        order = working.order
        executed = order.filled_quantity - quantity
        value = order.filled_quantity * (order.average_price or 0.0) - quantity * average_price
        if executed or not order.is_open:
            await self._report(working, executed, value / executed if executed else 0.0)

    async def _report(self, working: Working, executed: float, price: float) -> None:
        """Report an execution or the end; at the end, all that is left of the order is released."""
        is_over = not working.order.is_open
        released = working.left if is_over else executed
        working.left -= released
        if is_over:
            self._working.pop(working.request.client_order_id, None)
            if working.canceling is not None:
                working.canceling.cancel()
        sign = 1 if working.request.side == "buy" else -1
        request = working.request
        report = Report(
            request.client_order_id, request.strategy, request.symbol, sign * executed, price, sign * released
        )
        with self._fills.send([pack(report)]) as sent:
            await self._reports.send_multipart(sent)

    async def _cancel_later(self, working: Working, update: TradeUpdate) -> None:
        await asyncio.sleep(PATIENCE)
        working.canceling = None  # from here on it is the venue's turn
        with ot.span("cancel order", context=working.order.context):
            try:
                await asyncio.to_thread(self._gateway.cancel, working.order, update.order.id)
            except RequestError as error:
                _log.warning("order %s was not canceled: %s", working.order.client_order_id, error)


def _tell(order: ot.Order, update: TradeUpdate, *, rests: bool) -> None:
    match TradeEvent(update.event).value:
        case "new":
            order.acknowledged()
        case "fill" | "partial_fill":
            order.filled(
                quantity=update.qty or 0.0,
                price=update.price or 0.0,
                liquidity="maker" if rests else "taker",
                execution_id=str(update.execution_id),
            )
        case "canceled" | "expired" | "rejected":
            _tell_end(order, update.order)


def _tell_end(order: ot.Order, found: AlpacaOrder) -> None:
    """Tell how an order ended, if it did, with the fills that no update told of."""
    filled = float(found.filled_qty or 0)
    missed = filled - order.filled_quantity
    status = OrderStatus(found.status).value
    if missed > 0 and status in _ENDS:
        value = filled * float(found.filled_avg_price or 0) - order.filled_quantity * (
            order.average_price or 0
        )
        order.filled(quantity=missed, price=value / missed)
    match status:
        case "canceled":
            order.canceled()
        case "expired":
            order.expired()
        case "rejected":
            order.rejected("broker_option", source="venue")


async def _orders(engine: ExecutionEngine, socket: Socket) -> None:
    orders = ot.Channel("orders")
    queue: asyncio.Queue[list[bytes]] = asyncio.Queue()
    workers = (_work_off(engine, orders, queue) for _ in range(WORKERS))
    await asyncio.gather(
        _take_in(orders, queue, socket), *workers
    )  # an order that cannot be handled is the end


async def _take_in(orders: ot.Channel, queue: asyncio.Queue[list[bytes]], socket: Socket) -> None:
    async for frames in messages(socket, orders):
        queue.put_nowait(frames)
        orders.depth(queue.qsize())


async def _work_off(engine: ExecutionEngine, orders: ot.Channel, queue: asyncio.Queue[list[bytes]]) -> None:
    while True:
        frames = await queue.get()
        orders.depth(queue.qsize())
        with orders.process(frames) as (body,):
            await engine.on_order(OrderRequest(*unpack(body)))


async def _returns(engine: ExecutionEngine, stream: UpdateStream) -> None:
    while True:
        await stream.returned.wait()
        stream.returned.clear()
        await engine.catch_up()


async def work(settings: Settings, context: Context, drill: Drill) -> None:
    """Trade until cancelled."""
    incoming = bind(context, zmq.PULL, settings.orders_url)
    reports = connect(context, zmq.PUSH, settings.fills_url)
    gateway = Gateway(settings)
    drill.offer(slow_orders=gateway.slow_down, fast_orders=gateway.speed_up)
    engine = ExecutionEngine(gateway, reports)
    stream = UpdateStream(settings, gateway.venue)
    stream.subscribe_trade_updates(engine.on_update)
    # `run` would start an event loop of its own
    streaming = asyncio.create_task(stream._run_forever())  # type: ignore[no-untyped-call]
    try:
        await stream.listening.wait()  # an order sent before would never be heard of again
        await engine.clear()
        _log.info("ready")
        await asyncio.gather(
            _orders(engine, incoming),
            _returns(engine, stream),
            follow_clock(gateway.look_at_clock, stream.on_clock),
            asyncio.shield(streaming),
        )
    finally:
        await stream.drain()
        await streaming


if __name__ == "__main__":
    sys.exit(run("execution-engine", work))
