"""Risk manager: every signal meets the limits, every fill the books; it holds the kill switch.

The how-to of `ot.RiskGate`, `ot.KillSwitch` and `ot.Portfolio`.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from uuid import uuid4

import zmq

import otel_trading as ot
from trading_system.gateway import Gateway, RequestError
from trading_system.limits import Limits, RiskRules
from trading_system.messages import OrderRequest, Report, Signal, Tick, pack, unpack
from trading_system.positions import Account
from trading_system.service import ACCOUNT, VENUE, Context, Socket, bind, connect, messages, run
from trading_system.settings import Settings
from trading_system.signal_bridge import STRATEGY

ORDER_QUANTITY = 200
START_VALUE = 1_000_000.0
_VALUATION = 0.5
_RECONCILIATION = 2.0

_log = logging.getLogger(__name__)


class RiskManager:
    """From a signal to an order that may leave, and from an execution to positions and profit."""

    def __init__(self, limits: Limits) -> None:
        self.account = Account(START_VALUE)
        self.switch = ot.KillSwitch(strategy=STRATEGY)
        self._rules = RiskRules(limits, self.account)
        self._gate = ot.RiskGate()
        self._portfolio = ot.Portfolio(ACCOUNT, session_start_value=START_VALUE)
        self._ticks: dict[str, Tick] = {}

    def on_tick(self, tick: Tick) -> None:
        """Keep the last quote of a symbol."""
        if tick.bid and tick.ask:
            self._ticks[tick.symbol] = tick
            self.account.position(tick.symbol).mark = tick.mid

    def on_signal(self, signal: Signal) -> OrderRequest | None:
        """Return the order that the signal asks for, if it may leave."""
        tick = self._ticks.get(signal.symbol)
        if tick is None:
            return None
        order = OrderRequest(
            uuid4().hex,
            STRATEGY,
            signal.symbol,
            signal.direction,
            ORDER_QUANTITY,
            tick.bid,
            tick.ask,
            signal.decision_price,
            signal.triggered_at_ns,
        )
        reason = "broker_option" if self.switch.tripped else self._refusal(order)
        if reason:
            _reject(order, reason)
            return None
        self.account.reserve(order.symbol, order.signed_quantity)
        self._rules.sent()
        self.state_limits()
        return order

    def on_report(self, report: Report) -> None:
        """Take in what became of an order."""
        self.account.reserve(report.symbol, -report.released)
        if not report.executed:
            return
        with self._portfolio.update("position"):
            realized = self.account.trade(report.symbol, report.executed, report.price)
        with self._portfolio.update("pnl_realized"):
            self._portfolio.realized(report.strategy, realized)
        self.value()

    def value(self) -> None:
        """State positions, profit and value at the last quotes; trip the switch if too much is lost."""
        with self._portfolio.update("pnl_unrealized"):
            for symbol, held in self.account.positions.items():
                self._portfolio.position(STRATEGY, symbol, held.quantity, held.mark, held.average_price)
            self._portfolio.value(self.account.cash)
        self.state_limits()
        if -self.account.profit >= self._rules.limits.daily_loss:
            self.switch.trip("daily loss")

    def state_limits(self) -> None:
        """State how much of each limit is used."""
        limits, rules = self._rules.limits, self._rules
        self._gate.limit("position", rules.largest_position, limits.position)
        self._gate.limit("gross_exposure", self.account.gross, limits.gross_exposure)
        self._gate.limit("daily_loss", -self.account.profit, limits.daily_loss)
        self._gate.limit("order_rate", rules.sent_in_last_second, limits.orders_per_second)

    def reconcile(self, broker: dict[str, float]) -> None:
        """State where the broker's positions are not ours; symbols with orders on their way can wait.

        Args:
            broker: Signed shares by symbol.
        """
        settled = [s for s in {*broker, *self.account.positions} if not self.account.on_the_way.get(s)]
        breaks = [s for s in settled if self.account.position(s).quantity != broker.get(s, 0.0)]
        if breaks:
            _log.warning("positions differ from the broker's: %s", ", ".join(sorted(breaks)))
        self._portfolio.reconciliation("position", len(breaks))

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


async def _ticks(manager: RiskManager, socket: Socket) -> None:
    async for frames in messages(socket, ot.Channel("ticks")):
        manager.on_tick(Tick(*unpack(frames[1])))  # no span each: orders are traced, marks are not


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
            manager.on_report(Report(*unpack(body)))


async def _valuation(manager: RiskManager) -> None:
    while True:
        manager.value()
        await asyncio.sleep(_VALUATION)


async def _reconciliation(manager: RiskManager, gateway: Gateway) -> None:
    while True:
        await asyncio.sleep(_RECONCILIATION)
        try:
            manager.reconcile(await asyncio.to_thread(gateway.positions))
            gateway.venue.connected()
        except RequestError as error:
            _log.warning("the venue did not tell its positions: %s", error)
            gateway.venue.disconnected()


async def work(settings: Settings, context: Context) -> None:
    """Check signals and keep the books until cancelled."""
    manager = RiskManager(Limits())
    signals = bind(context, zmq.PULL, settings.signals_url)
    reports = bind(context, zmq.PULL, settings.fills_url)
    orders = connect(context, zmq.PUSH, settings.orders_url)
    ticks = connect(context, zmq.SUB, settings.ticks_url)
    ticks.subscribe(b"")
    _log.info("ready")
    await asyncio.gather(
        _ticks(manager, ticks),
        _signals(manager, signals, orders),
        _reports(manager, reports),
        _valuation(manager),
        _reconciliation(manager, Gateway(settings)),
    )


if __name__ == "__main__":
    sys.exit(run("risk-manager", work))
