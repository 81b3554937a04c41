"""Execution engine: send orders to the venue, and turn its updates into fills, rejections and reports.

The how-to of `ot.Order`: each step of an order's life is one call, from any thread.
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
from trading_system.gateway import Gateway, RequestError, VenueClock, ticket
from trading_system.messages import ExecutionReport, OrderRequest, pack, unpack
from trading_system.service import VENUE, Context, Socket, bind, connect, messages, run
from trading_system.session import follow_clock, follow_session
from trading_system.settings import SystemSettings

WORKERS = 2
PATIENCE = 1.5
"""Seconds that an order may rest in the book before it is canceled."""

TIGHT_SPREAD = 0.02
_ENDS = frozenset({"filled", "canceled", "expired"})

_log = logging.getLogger(__name__)


class UpdateStream(TradingStream):
    """The broker's own client, which also reports the state of its connection to `ot.Venue`.

    Attributes:
        listening: Set as soon as the venue sends updates for the first time.
        reconnected: Set when updates come again after a lost connection.
    """

    def __init__(self, settings: SystemSettings, venue: ot.Venue) -> None:
        url = f"{settings.stream_url}/stream"
        super().__init__(settings.key_id, settings.secret_key, url_override=url)
        self.listening = asyncio.Event()
        self.reconnected = asyncio.Event()
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
            self.reconnected.set()
        self.listening.set()

    def on_clock(self, clock: VenueClock) -> None:
        """Apply an answer of the venue's clock: record the offset of our clock, and follow the session."""
        ot.clock_offset(clock.ahead, source="system")
        follow_session(self._venue, is_open=clock.is_open, is_up=self._running)

    async def close(self) -> None:
        """Close the connection. The client also calls this after a lost connection."""
        if self._running and self._should_run:
            self._venue.disconnected()
        await super().close()

    async def drain(self) -> None:
        """End the session after handling every update that the venue sent before the close."""
        # As in `market_data.Stream.drain`: closing the WebSocket lets the reader handle the updates in its
        # buffer, while `stop_ws` would lose the last fills. `_should_run` prevents a reconnect.
        self._venue.idle()
        self._should_run = False
        if self._stop_stream_event is not None:
            self._stop_stream_event.set()
        if self._ws is not None:
            await self._ws.close()


@dataclass
class WorkingOrder:
    """An order that the risk manager still counts as in flight.

    Attributes:
        request: The risk manager's request.
        order: The order's telemetry.
        rests: Whether the order is a limit order, which may rest in the book.
        left: Shares that no report has released yet.
        canceling: The task that cancels the order after `PATIENCE`.
    """

    request: OrderRequest
    order: ot.Order
    rests: bool
    left: float
    canceling: asyncio.Task[None] | None = None


class ExecutionEngine:
    """Sends orders to the venue and follows each one to its end."""

    def __init__(self, gateway: Gateway, reports: Socket) -> None:
        self._gateway = gateway
        self._reports = reports
        self._fills = ot.Channel("fills")
        self._working: dict[str, WorkingOrder] = {}

    async def on_order(self, request: OrderRequest) -> None:
        """Choose a market or a limit order, and submit it to the venue."""
        # Half a cent of tolerance, because a difference of two floats is not exact.
        is_tight = request.ask - request.bid < TIGHT_SPREAD + 0.005
        takes = is_tight and not self._would_trade_with_own_order(request)
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
            chosen_ticket = ticket(request, takes=takes)
        working = WorkingOrder(request, order, not takes, request.quantity)
        # Registered before the submission: the first update may arrive before the answer to the request.
        self._working[request.client_order_id] = working
        try:
            await asyncio.to_thread(self._gateway.submit, order, chosen_ticket)
        except RequestError as error:
            _log.warning("the venue did not accept order %s: %s", order.client_order_id, error)
            await self._report(working, 0.0, 0.0)

    async def on_update(self, update: TradeUpdate) -> None:
        """Apply a trade update to its order, and report the result to the risk manager."""
        order = ot.Order.find(update.order.client_order_id)
        if order is None:
            # For example a late fill of an order from before a restart. It belongs to no order that we know,
            # but it is counted: it explains a difference that the reconciliation of positions finds.
            _log.error("trade update for an unknown order: %s", update.order.client_order_id)
            ot.Order.fill_unmatched(VENUE, client_order_id=update.order.client_order_id)
            return
        working = self._working.get(order.client_order_id)
        attributes = {"trading_system.update": TradeEvent(update.event).value}
        with ot.span("handle trade update", attributes, context=order.context):
            filled = order.filled_quantity, order.average_price or 0.0
            _apply_update(order, update, rests=working is not None and working.rests)
            if working is None:
                return
            if TradeEvent(update.event) is TradeEvent.NEW and working.rests:
                working.canceling = asyncio.create_task(self._cancel_later(working, update))
            await self._follow_up(working, *filled)

    async def clear(self) -> None:
        """Cancel orders that an earlier run left open at the venue, since nothing tracks them any more."""
        try:
            await asyncio.to_thread(self._gateway.cancel_all)
        except RequestError as error:
            _log.warning("the open orders could not be canceled: %s", error)

    async def catch_up(self) -> None:
        """Look up every working order after a reconnect, since it may have ended while no updates came."""
        # A copy of the values: updates and new orders change the dictionary during the awaits.
        for working in list(self._working.values()):
            try:
                found = await asyncio.to_thread(self._gateway.find, working.order)
            except RequestError as error:
                _log.warning("order %s could not be looked up: %s", working.order.client_order_id, error)
                continue
            with ot.span("catch up", context=working.order.context):
                filled = working.order.filled_quantity, working.order.average_price or 0.0
                _apply_end(working.order, found)
                await self._follow_up(working, *filled)

    def _would_trade_with_own_order(self, request: OrderRequest) -> bool:
        """Return whether we have an open order on the other side.

        The venue rejects an order that could trade with our own as a potential wash trade.
        """
        open_orders = (working.request for working in self._working.values())
        return any(one.symbol == request.symbol and one.side != request.side for one in open_orders)

    async def _follow_up(self, working: WorkingOrder, quantity: float, average_price: float) -> None:
        """Report the shares filled since `quantity`, and the end of the order.

        Args:
            working: The order.
            quantity: Filled shares before the update.
            average_price: Their average price in USD.
        """
        # The order knows totals only, so the price of the new part is the difference of the two values. This
        # also drops a duplicate fill: `ot.Order` counts an execution id (FIX ExecID, tag 17) once, so that
        # the difference is 0.
        order = working.order
        executed = order.filled_quantity - quantity
        value = order.filled_quantity * (order.average_price or 0.0) - quantity * average_price
        if executed or not order.is_open:
            await self._report(working, executed, value / executed if executed else 0.0)

    async def _report(self, working: WorkingOrder, executed: float, price: float) -> None:
        """Report an execution or the end of an order; the end releases all remaining shares."""
        is_over = not working.order.is_open
        released = working.left if is_over else executed
        working.left -= released
        if is_over:
            self._working.pop(working.request.client_order_id, None)
            if working.canceling is not None:
                working.canceling.cancel()
        sign = 1 if working.request.side == "buy" else -1
        request = working.request
        report = ExecutionReport(
            request.client_order_id, request.strategy, request.symbol, sign * executed, price, sign * released
        )
        with self._fills.send([pack(report)]) as sent:
            await self._reports.send_multipart(sent)

    async def _cancel_later(self, working: WorkingOrder, update: TradeUpdate) -> None:
        await asyncio.sleep(PATIENCE)
        # The request is about to leave, so `_report` must not cancel this task any more.
        working.canceling = None
        with ot.span("cancel order", context=working.order.context):
            try:
                await asyncio.to_thread(self._gateway.cancel, working.order, update.order.id)
            except RequestError as error:
                _log.warning("order %s could not be canceled: %s", working.order.client_order_id, error)


def _apply_update(order: ot.Order, update: TradeUpdate, *, rests: bool) -> None:
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
            _apply_end(order, update.order)


def _apply_end(order: ot.Order, found: AlpacaOrder) -> None:
    """Apply the end of an order, if it has ended, together with fills that no update reported."""
    # After a lost connection the venue's totals are the only trace of the missed fills. Their price follows
    # from the difference to our own totals. The fields are those of an execution report, CumQty and AvgPx:
    # https://www.onixs.biz/fix-dictionary/4.4/msgType_8_8.html
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
    workers = (_handle_orders(engine, orders, queue) for _ in range(WORKERS))
    # An unexpected error in a worker ends the service: an unhandled order would stay in flight forever.
    await asyncio.gather(_receive_orders(orders, queue, socket), *workers)


async def _receive_orders(orders: ot.Channel, queue: asyncio.Queue[list[bytes]], socket: Socket) -> None:
    async for frames in messages(socket, orders):
        queue.put_nowait(frames)
        orders.depth(queue.qsize())


async def _handle_orders(
    engine: ExecutionEngine, orders: ot.Channel, queue: asyncio.Queue[list[bytes]]
) -> None:
    while True:
        frames = await queue.get()
        orders.depth(queue.qsize())
        with orders.process(frames) as (body,):
            await engine.on_order(OrderRequest(*unpack(body)))


async def _catch_up_after_reconnects(engine: ExecutionEngine, stream: UpdateStream) -> None:
    while True:
        await stream.reconnected.wait()
        stream.reconnected.clear()
        await engine.catch_up()


async def work(settings: SystemSettings, context: Context, drill: Drill) -> None:
    """Trade until cancelled."""
    incoming = bind(context, zmq.PULL, settings.orders_url)
    reports = connect(context, zmq.PUSH, settings.fills_url)
    gateway = Gateway(settings)
    drill.offer(slow_orders=gateway.slow_down, fast_orders=gateway.speed_up)
    engine = ExecutionEngine(gateway, reports)
    stream = UpdateStream(settings, gateway.venue)
    stream.subscribe_trade_updates(engine.on_update)
    # `run` would start its own event loop.
    streaming = asyncio.create_task(stream._run_forever())  # type: ignore[no-untyped-call]
    try:
        await stream.listening.wait()  # the venue sends no update for an order submitted before
        await engine.clear()
        _log.info("ready")
        await asyncio.gather(
            _orders(engine, incoming),
            _catch_up_after_reconnects(engine, stream),
            follow_clock(gateway.read_clock, stream.on_clock),
            asyncio.shield(streaming),
        )
    finally:
        # The shield above kept the stream alive through the cancellation. It drains now, so that the reports
        # of the last fills leave before `service.run` closes the sockets.
        await stream.drain()
        await streaming


if __name__ == "__main__":
    sys.exit(run("execution-engine", work))
