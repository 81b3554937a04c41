"""A portfolio: positions and cash of one account, what they are worth, and what was lost from the peak."""

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

    A short quantity is negative. Symbols are kept here but are no labels. The exposure has no account
    label, so a process has one portfolio.

    Args:
        account: An alias of the account, never its number.
        session_start_value: The value at the start of the session, which the first peak is; without it,
            the first `value`.

    Raises:
        LabelError: The account is no text, or empty; the value is no number.
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
        """State a position and its price; the strategy's values and the account's exposure follow.

        A number that is none leaves the position as it was, and is counted.

        Args:
            strategy: Whose position it is.
            symbol: In which instrument.
            quantity: Signed: short is negative, 0 closes it.
            market_price: The price it is marked to, in USD.
            average_price: What it was entered at, in USD.
        """
        numbers = [number(given) for given in (quantity, market_price, average_price)]
        if None in numbers:
            return
        held, marked, entered = (float(n) for n in numbers if n is not None)
        with self._lock:
            positions = self._positions.setdefault(described(strategy), {})
            if held == 0:
                positions.pop(described(symbol), None)
            else:
                positions[described(symbol)] = _Position.of(held, marked, entered)
            self._state_strategy(described(strategy), positions)
            self._state_exposure()

    @guard("realized profit")
    def realized(self, strategy: str, pnl: float) -> None:
        """Add the profit of a trade that closed (part of) a position to the session's.

        Args:
            strategy: Whose profit it is.
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
        """State the account's value, cash + the signed market value of its positions, and the drawdown.

        The drawdown is 1 - value / the highest value of the session, and 0 while that is not above zero.
        It is computed here alone: between a fill's position and its cash there is no true value.

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
        """Start the session anew: the next `value` is the first peak, and the realized profit is 0."""
        with self._lock:
            self._peak = None
            for strategy in self._realized:
                self._realized[strategy] = 0.0
                metrics.pnl_realized.bind(strategy_name=strategy).set(0.0)

    @guard("reconciliation")
    def reconciliation(self, type: str, breaks: int) -> None:
        """State how many differences to the broker's books are open.

        Args:
            type: "position", "cash" or "order".
            breaks: How many there are now; 0 when all agrees.
        """
        known = _arguments.word(metrics.reconciliation_break_active, "reconciliation_type", type)
        metrics.reconciliation_break_active.bind(reconciliation_type=known).set(breaks)

    def update(self, stage: str = "position") -> Operation:
        """Time one stage of taking in a fill or a price, in a span `update {stage}`.

        Args:
            stage: "position", "pnl_unrealized" or "pnl_realized".

        Returns:
            A context manager.
        """
        known = _arguments.word(metrics.position_update_duration, "stage", stage)
        opened = span(f"update {known}", {names.TRADING_POSITION_UPDATE_STAGE: known})
        return Operation(opened, metrics.position_update_duration.bind(stage=known))

    def _state_strategy(self, strategy: str, positions: dict[str, _Position]) -> None:
        for direction, value in _long_and_short(positions).items():
            metrics.position_value.bind(strategy_name=strategy, direction=direction).set(value)
        profit = sum(position.profit for position in positions.values())
        metrics.pnl_unrealized.bind(strategy_name=strategy).set(profit)
        metrics.position_open.bind(strategy_name=strategy).set(len(positions))

    def _state_exposure(self) -> None:
        totals = [_long_and_short(positions) for positions in self._positions.values()]
        for direction in ("long", "short"):
            metrics.portfolio_exposure.bind(direction=direction).set(sum(t[direction] for t in totals))


def _long_and_short(positions: dict[str, _Position]) -> dict[str, float]:
    values = [position.value for position in positions.values()]
    return {"long": sum(v for v in values if v > 0), "short": sum(v for v in values if v < 0)}
