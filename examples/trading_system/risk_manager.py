"""Risk manager: check each signal against the limits, book each fill, and operate the kill switch.

The how-to of `ot.RiskGate`, `ot.KillSwitch` and `ot.Portfolio`.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

import zmq

import otel_trading as ot
from trading_system.drill import Drill
from trading_system.gateway import Gateway, RequestError
from trading_system.limits import Limits, RiskRules
from trading_system.messages import ExecutionReport, OrderRequest, Signal, Tick, pack, unpack
from trading_system.positions import Account, Position
from trading_system.service import ACCOUNT, HIGH_WATER, VENUE, Context, Socket, bind, connect, messages, run
from trading_system.settings import SystemSettings
from trading_system.signal_bridge import STRATEGY

ORDER_QUANTITY = 200
MOST_HELD = 400
"""The largest position that the strategy aims for, in shares. The position limit above it catches errors."""

START_VALUE = 1_000_000.0
PATIENCE = 10.0
"""Seconds after which the risk manager gives up an order that no report came for."""

_VALUATION = 0.5
_RECONCILIATION = 2.0
CHECKS_BEFORE_ADOPTION = 15
"""Reconciliations for which a position may differ before the broker's position is adopted: half a minute."""

_log = logging.getLogger(__name__)


class RiskManager:
    """Turns signals into checked orders, and executions into positions and profit."""

    def __init__(self, limits: Limits) -> None:
        self.account = Account(START_VALUE)
        self.switch = ot.KillSwitch(strategy=STRATEGY)
        self._rules = RiskRules(limits, self.account)
        self._gate = ot.RiskGate()
        self._portfolio = ot.Portfolio(ACCOUNT, session_start_value=START_VALUE)
        self._ticks: dict[str, Tick] = {}
        # Differing symbols with the number of checks so far; None before the first reconciliation.
        self._breaks: dict[str, int] | None = None

    def on_tick(self, tick: Tick) -> None:
        """Store the last quote of a symbol."""
        if tick.bid and tick.ask:
            self._ticks[tick.symbol] = tick
            self.account.position(tick.symbol).mark = tick.mid

    def on_signal(self, signal: Signal) -> OrderRequest | None:
        """Return the order for a signal, or None if a limit or the kill switch forbids it."""
        tick, quantity = self._ticks.get(signal.symbol), self._quantity(signal)
        if tick is None or not quantity:
            return None
        order = OrderRequest(
            uuid4().hex,
            STRATEGY,
            signal.symbol,
            signal.direction,
            quantity,
            tick.bid,
            tick.ask,
            signal.decision_price,
            signal.triggered_at_ns,
        )
        reason = "broker_option" if self.switch.tripped else self._refusal(order)
        if reason:
            _reject(order, reason)
            return None
        # From now on the shares count as if they were held. Otherwise several signals within one round trip
        # could each pass the limits, and exceed them together.
        self.account.reserve(order.client_order_id, order.symbol, order.signed_quantity)
        self._rules.sent()
        self.state_limits()
        return order

    def on_report(self, report: ExecutionReport) -> None:
        """Book the execution of an order and release its shares."""
        # An unknown order is from before a restart, or was given up. The reconciliation adopts the position
        # that contains its execution, so booking the execution here would count it twice.
        is_ours = self.account.release(report.client_order_id, report.released)
        if not is_ours or not report.executed:
            return
        with self._portfolio.update("position"):
            realized = self.account.trade(report.symbol, report.executed, report.price)
        with self._portfolio.update("pnl_realized"):
            self._portfolio.realized(report.strategy, realized)
        self.value()

    def value(self) -> None:
        """Record positions, profit and value; trip the kill switch at the daily loss limit."""
        with self._portfolio.update("pnl_unrealized"):
            for symbol, held in self.account.positions.items():
                self._portfolio.position(STRATEGY, symbol, held.quantity, held.mark, held.average_price)
            self._portfolio.value(self.account.cash)
        self.state_limits()
        if -self.account.profit >= self._rules.limits.daily_loss:
            self.switch.trip("daily loss")

    def state_limits(self) -> None:
        """Record how much of each limit is used."""
        limits, rules = self._rules.limits, self._rules
        self._gate.limit("position", rules.largest_position, limits.position)
        self._gate.limit("gross_exposure", self.account.gross, limits.gross_exposure)
        self._gate.limit("daily_loss", -self.account.profit, limits.daily_loss)
        self._gate.limit("order_rate", rules.sent_in_last_second, limits.orders_per_second)

    def set_limit(self, name: str, value: float) -> None:
        """Change a limit, from the next order on.

        Args:
            name: The name of a numeric field of `Limits`.
            value: In the unit of that limit.

        Raises:
            AttributeError: No limit has this name.
            TypeError: The limit is not a number.
        """
        limits = self._rules.limits
        changed: dict[str, Any] = {name: type(getattr(limits, name))(value)}
        self._rules.limits = replace(limits, **changed)

    def reconcile(self, broker: dict[str, Position]) -> None:
        """Compare our positions with the broker's, record the differences, and adopt those that persist.

        The first call adopts every difference at once: after a restart our positions are empty. Later a
        difference has to last for `CHECKS_BEFORE_ADOPTION` calls, so that an alert can fire meanwhile.

        Args:
            broker: The broker's positions by symbol.
        """
        # A symbol with an order in flight cannot be compared: its fill may have reached the broker and not
        # us. It keeps its count of differing checks (`unknown`) until its orders have ended or are given up.
        self.account.drop_stale(PATIENCE)
        settled = [s for s in {*broker, *self.account.positions} if self.account.is_settled(s)]
        theirs = {symbol: broker.get(symbol, Position()) for symbol in settled}
        differing = {s for s in settled if self.account.position(s).quantity != theirs[s].quantity}
        before = dict.fromkeys(differing, CHECKS_BEFORE_ADOPTION) if self._breaks is None else self._breaks
        unknown = {symbol: checks for symbol, checks in before.items() if symbol not in settled}
        breaks = unknown | {symbol: before.get(symbol, 0) + 1 for symbol in differing}
        adopted = {symbol for symbol in differing if breaks[symbol] > CHECKS_BEFORE_ADOPTION}
        for symbol in adopted:
            self.account.adopt(symbol, theirs[symbol])
        self._breaks = {symbol: checks for symbol, checks in breaks.items() if symbol not in adopted}
        if differing:
            _log.warning("positions differ from the broker's: %s", ", ".join(sorted(differing)))
        self._portfolio.reconciliation("position", len(self._breaks))

    def _quantity(self, signal: Signal) -> int:
        """Return how many shares the strategy wants to trade."""
        sign = 1 if signal.direction == "buy" else -1
        room = MOST_HELD - sign * self.account.expected(signal.symbol)
        return int(min(ORDER_QUANTITY, max(0.0, room)))

    def _refusal(self, order: OrderRequest) -> str:
        for rule in self._rules.rules:
            with self._gate.check(rule.check_type) as check:
                reason = rule.refuse(order)
                if reason:
                    check.fail(reason)
            if check.result == "fail":
                return rule.reject_reason
        return ""


def _reject(request: OrderRequest, reason: str) -> None:
    order = ot.Order(
        request.client_order_id,
        venue=VENUE,
        type="limit",
        side=request.side,
        quantity=request.quantity,
        strategy=request.strategy,
        symbol=request.symbol,
    )
    order.rejected(reason, source="risk")


async def _ticks(manager: RiskManager, socket: Socket, consuming: asyncio.Event) -> None:
    ticks = ot.Channel("ticks")
    queue: asyncio.Queue[list[bytes]] = asyncio.Queue(HIGH_WATER)
    await asyncio.gather(_receive_ticks(ticks, queue, socket), _apply_ticks(manager, ticks, queue, consuming))


async def _receive_ticks(ticks: ot.Channel, queue: asyncio.Queue[list[bytes]], socket: Socket) -> None:
    async for frames in messages(socket, ticks):
        await queue.put(frames)  # a full queue fills the sockets in turn, until market data counts drops
        ticks.depth(queue.qsize())


async def _apply_ticks(
    manager: RiskManager, ticks: ot.Channel, queue: asyncio.Queue[list[bytes]], consuming: asyncio.Event
) -> None:
    while True:
        await consuming.wait()
        frames = await queue.get()
        ticks.depth(queue.qsize())
        manager.on_tick(Tick(*unpack(frames[1])))  # without a span: one per mark would flood the traces


async def _signals(manager: RiskManager, incoming: Socket, outgoing: Socket) -> None:
    signals, orders = ot.Channel("signals"), ot.Channel("orders")
    async for frames in messages(incoming, signals):
        with signals.process(frames) as (body,):
            order = manager.on_signal(Signal(*unpack(body)))
            if order is not None:
                with orders.send([pack(order)]) as sent:
                    await outgoing.send_multipart(sent)


async def _reports(manager: RiskManager, socket: Socket) -> None:
    fills = ot.Channel("fills")
    async for frames in messages(socket, fills):
        with fills.process(frames) as (body,):
            manager.on_report(ExecutionReport(*unpack(body)))


async def _valuation(manager: RiskManager) -> None:
    while True:
        manager.value()
        await asyncio.sleep(_VALUATION)


async def _first_positions(manager: RiskManager, gateway: Gateway) -> None:
    """Adopt the broker's positions before the first order changes them."""
    while not await _reconcile(manager, gateway):  # noqa: ASYNC110 - no event signals that the venue is back
        await asyncio.sleep(_RECONCILIATION)


async def _reconciliation(manager: RiskManager, gateway: Gateway) -> None:
    while True:
        await asyncio.sleep(_RECONCILIATION)
        await _reconcile(manager, gateway)


async def _reconcile(manager: RiskManager, gateway: Gateway) -> bool:
    try:
        manager.reconcile(await asyncio.to_thread(gateway.positions))
    except RequestError as error:
        _log.warning("the request for the venue's positions failed: %s", error)
        gateway.venue.disconnected()
        return False
    gateway.venue.connected()
    return True


async def work(settings: SystemSettings, context: Context, drill: Drill) -> None:
    """Check signals and book fills until cancelled."""
    manager, consuming = RiskManager(Limits()), asyncio.Event()
    consuming.set()
    drill.offer(
        trip=partial(manager.switch.trip, "an operator, in a drill"),
        reset=partial(manager.switch.reset, "an operator, in a drill"),
        limit=manager.set_limit,
        pause=consuming.clear,
        resume=consuming.set,
    )
    signals = bind(context, zmq.PULL, settings.signals_url)
    reports = bind(context, zmq.PULL, settings.fills_url)
    orders = connect(context, zmq.PUSH, settings.orders_url)
    ticks = connect(context, zmq.SUB, settings.ticks_url)
    ticks.subscribe(b"")
    # The sockets exist before the first positions are known: messages wait in them and are not lost.
    gateway = Gateway(settings)
    await _first_positions(manager, gateway)
    _log.info("ready")
    await asyncio.gather(
        _ticks(manager, ticks, consuming),
        _signals(manager, signals, orders),
        _reports(manager, reports),
        _valuation(manager),
        _reconciliation(manager, gateway),
    )


if __name__ == "__main__":
    sys.exit(run("risk-manager", work))
