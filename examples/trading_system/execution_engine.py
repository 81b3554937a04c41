"""Execution engine: orders leave for the venue, and its updates become fills, rejections and reports.

The how-to of `ot.Order`: each step of an order's life is one call, on whatever thread it is learned.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from dataclasses import dataclass

import zmq
from alpaca.trading.enums import TradeEvent
from alpaca.trading.models import TradeUpdate
from alpaca.trading.stream import TradingStream

import otel_trading as ot
from trading_system.gateway import Gateway, RequestError, ticket
from trading_system.messages import OrderRequest, Report, pack, unpack
from trading_system.service import VENUE, Context, Socket, bind, connect, messages, run
from trading_system.settings import Settings

WORKERS = 2
PATIENCE = 1.5
"""Seconds that an order may rest in the book before it is canceled."""

TIGHT_SPREAD = 0.02
_CLOCK_CHECK = 5.0

_log = logging.getLogger(__name__)


class UpdateStream(TradingStream):
    """The broker's own client, which tells the venue's instrument how the connection goes."""

    def __init__(self, settings: Settings, venue: ot.Venue) -> None:
        url = f"{settings.stream_url}/stream"
        super().__init__(settings.key_id, settings.secret_key, url_override=url)
        self.listening = asyncio.Event()
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
        self.listening.set()

    async def close(self) -> None:
        """Close the connection, which the client also calls when it has lost it."""
        if self._running:
            self._venue.disconnected()
        await super().close()


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
        order = ot.Order(
            request.client_order_id,
            venue=VENUE,
            type="limit",
            side=request.side,
            quantity=request.quantity,
            strategy=request.strategy,
            symbol=request.symbol,
            arrival_price=request.mid,
            decision_price=request.decision_price,
            triggered_at_ns=request.triggered_at_ns,
        )
        takes = request.ask - request.bid < TIGHT_SPREAD + 0.005
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
            before = order.filled_quantity
            _tell(order, update, rests=working is not None and working.rests)
            if working is not None:
                await self._follow_up(working, update, order.filled_quantity - before)

    async def _follow_up(self, working: Working, update: TradeUpdate, executed: float) -> None:
        if TradeEvent(update.event) is TradeEvent.NEW and working.rests:
            working.canceling = asyncio.create_task(self._cancel_later(working, update))
        if executed or not working.order.is_open:
            await self._report(working, executed, update.price or 0.0)

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
        report = Report(
            working.request.strategy, working.request.symbol, sign * executed, price, sign * released
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
        case "canceled":
            order.canceled()
        case "expired":
            order.expired()
        case "rejected":
            order.rejected("broker_option", source="venue")


async def _orders(engine: ExecutionEngine, socket: Socket) -> None:
    orders = ot.Channel("orders")
    queue: asyncio.Queue[list[bytes]] = asyncio.Queue()
    workers = [asyncio.create_task(_work_off(engine, orders, queue)) for _ in range(WORKERS)]
    try:
        async for frames in messages(socket, orders):
            queue.put_nowait(frames)
            orders.depth(queue.qsize())
    finally:
        for worker in workers:
            worker.cancel()


async def _work_off(engine: ExecutionEngine, orders: ot.Channel, queue: asyncio.Queue[list[bytes]]) -> None:
    while True:
        frames = await queue.get()
        orders.depth(queue.qsize())
        with orders.process(frames) as (body,):
            await engine.on_order(OrderRequest(*unpack(body)))


async def _clock(gateway: Gateway) -> None:
    while True:
        try:
            ot.clock_offset(await asyncio.to_thread(gateway.clock_ahead), source="system")
        except RequestError as error:
            _log.warning("the venue did not tell the time: %s", error)
        await asyncio.sleep(_CLOCK_CHECK)


async def work(settings: Settings, context: Context) -> None:
    """Trade until cancelled."""
    incoming = bind(context, zmq.PULL, settings.orders_url)
    reports = connect(context, zmq.PUSH, settings.fills_url)
    gateway = Gateway(settings)
    engine = ExecutionEngine(gateway, reports)
    stream = UpdateStream(settings, gateway.venue)
    stream.subscribe_trade_updates(engine.on_update)
    # `run` would start an event loop of its own
    streaming = asyncio.create_task(stream._run_forever())  # type: ignore[no-untyped-call]
    try:
        await stream.listening.wait()  # an order sent before would never be heard of again
        _log.info("ready")
        await asyncio.gather(_orders(engine, incoming), _clock(gateway), streaming)
    finally:
        streaming.cancel()
        await asyncio.shield(stream.close())


if __name__ == "__main__":
    sys.exit(run("execution-engine", work))
