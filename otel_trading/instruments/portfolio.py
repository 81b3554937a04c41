"""A portfolio: the positions and the cash of one account, their value, and the drawdown from the peak."""

from __future__ import annotations

from typing import NamedTuple

from otel_trading import metrics
from otel_trading._forking import renewed_lock
from otel_trading._guard import guard
from otel_trading.instruments import _arguments
from otel_trading.instruments.operation import Operation
from otel_trading.semconv import portfolio as names
from otel_trading.tracing import span
from otel_trading.values.numbers import number
from otel_trading.values.text import described


class _Position(NamedTuple):
    """One strategy's position in one symbol."""

    value: float  # signed market value
    profit: float  # unrealized

    @classmethod
    def of(cls, quantity: float, market_price: float, average_price: float) -> _Position:
        return cls(quantity * market_price, quantity * (market_price - average_price))


class Portfolio:
    """The positions and the cash of one account, in USD.

        portfolio = Portfolio("main")
        portfolio.position("mm", "IBM", quantity=-100, market_price=182.1, average_price=182.4)
        portfolio.realized("mm", 12.5)
        portfolio.value(cash=101_000)

    A short quantity is negative. Symbols are kept in this object, but they are not labels. The exposure has
    no account label, so a process must have only one portfolio.

    Args:
        account: An alias of the account, never its number.
        session_start_value: The value at the start of the session, which is the first peak. Without it,
            the first `value` is the first peak.

    Raises:
        LabelError: The account is not text, or empty; the value is not a number above 0.
    """

    def __init__(self, account: str, *, session_start_value: float | None = None) -> None:
        self.account = _arguments.name(account, "Portfolio(account)")
        self._lock = renewed_lock()
        self._positions: dict[str, dict[str, _Position]] = {}
        self._realized: dict[str, float] = {}
        self._peak: float | None = None
        if session_start_value is not None:
            self._peak = _arguments.size(session_start_value, "Portfolio(session_start_value)")

    @guard("position")
    def position(
        self, strategy: str, symbol: str, quantity: float, market_price: float, average_price: float
    ) -> None:
        """Set a position and its price; updates the strategy's values and the account's exposure.

        A value that is not a number is counted and leaves the position unchanged.

        Args:
            strategy: The strategy that holds the position.
            symbol: The instrument.
            quantity: Signed: short is negative, 0 closes the position.
            market_price: The current price, in USD.
            average_price: The average entry price, in USD.
        """
        given = [number(one) for one in (quantity, market_price, average_price)]
        if None in given:
            return
        held, price, entry_price = (float(one) for one in given if one is not None)
        with self._lock:
            positions = self._positions.setdefault(described(strategy), {})
            if held == 0:
                positions.pop(described(symbol), None)
            else:
                positions[described(symbol)] = _Position.of(held, price, entry_price)
            self._record_strategy(described(strategy), positions)
            self._record_exposure()

    @guard("realized profit")
    def realized(self, strategy: str, pnl: float) -> None:
        """Add the profit of a trade that closed all or part of a position to the session's profit.

        Args:
            strategy: The strategy that made the profit.
            pnl: In USD; a loss is negative.
        """
        amount = number(pnl)
        if amount is None:
            return
        with self._lock:
            total = self._realized[described(strategy)] = (
                self._realized.get(described(strategy), 0.0) + amount
            )
            metrics.pnl_realized.bind(strategy_name=described(strategy)).set(total)

    @guard("portfolio value")
    def value(self, cash: float) -> None:
        """Record the account's value (cash + signed market value of its positions) and its drawdown.

        The drawdown is 1 - value / the highest value of the session, or 0 if that is not above zero.
        Only this call computes them: after a fill updates a position and before it updates the cash, the sum
        is wrong.

        Args:
            cash: In USD; a margin debit is negative.
        """
        amount = number(cash)
        if amount is None:
            return
        with self._lock:
            value = amount + sum(p.value for held in self._positions.values() for p in held.values())
            self._peak = value if self._peak is None else max(self._peak, value)
            drawdown = 1 - value / self._peak if self._peak > 0 else 0.0
            metrics.portfolio_value.bind(account_name=self.account).set(value)
            metrics.portfolio_drawdown.bind(account_name=self.account).set(drawdown)

    @guard("start of a session")
    def start_session(self) -> None:
        """Start a new session: the next `value` is the first peak, and the realized profit is 0."""
        with self._lock:
            self._peak = None
            for strategy in self._realized:
                self._realized[strategy] = 0.0
                metrics.pnl_realized.bind(strategy_name=strategy).set(0.0)

    @guard("reconciliation")
    def reconciliation(self, type: str, breaks: int) -> None:
        """Set the number of open differences to the broker's books.

        Args:
            type: "position", "cash" or "order".
            breaks: The current number; 0 if the books agree.
        """
        known = _arguments.word(metrics.reconciliation_break_active, "reconciliation_type", type)
        metrics.reconciliation_break_active.bind(reconciliation_type=known).set(breaks)

    def update(self, stage: str = "position") -> Operation:
        """Time one stage of an update after a fill or a price, in a span `update {stage}`.

        Args:
            stage: "position", "pnl_unrealized" or "pnl_realized".

        Returns:
            A context manager.
        """
        known = _arguments.word(metrics.position_update_duration, "stage", stage)
        opened = span(f"update {known}", {names.TRADING_POSITION_UPDATE_STAGE: known})
        return Operation(opened, metrics.position_update_duration.bind(stage=known))

    def _record_strategy(self, strategy: str, positions: dict[str, _Position]) -> None:
        for direction, value in _long_and_short(positions).items():
            metrics.position_value.bind(strategy_name=strategy, direction=direction).set(value)
        profit = sum(position.profit for position in positions.values())
        metrics.pnl_unrealized.bind(strategy_name=strategy).set(profit)
        metrics.position_open.bind(strategy_name=strategy).set(len(positions))

    def _record_exposure(self) -> None:
        totals = [_long_and_short(positions) for positions in self._positions.values()]
        for direction in ("long", "short"):
            metrics.portfolio_exposure.bind(direction=direction).set(sum(t[direction] for t in totals))


def _long_and_short(positions: dict[str, _Position]) -> dict[str, float]:
    values = [position.value for position in positions.values()]
    return {"long": sum(v for v in values if v > 0), "short": sum(v for v in values if v < 0)}
