"""The fills of an order: its executed quantity, the rest, and executions that do not fit it."""

from __future__ import annotations

from typing import Final

from otel_trading.instruments.order.costs import Executed

_ROUNDING: Final = 1e-9
"""Relative tolerance of a sum of quantities, since 0.1 + 0.2 is not 0.3."""


class Fills:
    """The executions of one order.

    Args:
        ordered: The quantity of the order, above 0.

    Attributes:
        ordered: FIX 38 OrderQty, after replacements.
        quantity: FIX 14 CumQty.
        executed: The sum of the executions whose price is known.
    """

    __slots__ = ("_ids", "executed", "ordered", "quantity")

    def __init__(self, ordered: float) -> None:
        self.ordered = ordered
        self.quantity = 0.0
        self.executed = Executed()
        self._ids: set[str] = set()

    @property
    def left(self) -> float:
        """FIX 151 LeavesQty of an open order."""
        # LeavesQty = OrderQty - CumQty: https://www.onixs.biz/fix-dictionary/4.4/tagNum_151.html
        left = self.ordered - self.quantity
        return left if left > self.ordered * _ROUNDING else 0.0

    @property
    def ratio(self) -> float:
        """Filled over ordered quantity, from 0 to 1."""
        return min(1.0, self.quantity / self.ordered)

    def mismatch(self, quantity: float, execution_id: str | None, *, completed: bool) -> str | None:
        """Return why an execution does not fit the order, or None if it fits.

        Args:
            quantity: FIX 32 LastQty, above 0.
            execution_id: FIX 17 ExecID.
            completed: Whether the order has completed, so that nothing is left to execute.

        Returns:
            "duplicate", "overfill" or None.
        """
        # ExecID is unique within a trading day, so a repeated one is a report that was sent again.
        # https://www.onixs.biz/fix-dictionary/4.4/tagNum_17.html
        if execution_id in self._ids:
            return "duplicate"
        if completed or quantity > self.left + self.ordered * _ROUNDING:
            return "overfill"
        return None

    def add(self, quantity: float, price: float | None, fees: float, execution_id: str | None) -> None:
        """Add an execution that fits the order."""
        if execution_id is not None:
            self._ids.add(execution_id)
        self.quantity += quantity
        if price is not None:
            self.executed = self.executed.plus(quantity, price, fees)

    def replace(self, ordered: float) -> None:
        """Change the quantity of the order, to no less than the quantity that is filled already."""
        # The OrderQty of a replacement includes the executed quantity, so it cannot fall below CumQty.
        # https://www.onixs.biz/fix-dictionary/4.4/msgType_G_71.html
        self.ordered = max(ordered, self.quantity)
