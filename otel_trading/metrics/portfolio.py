# Generated from registry/portfolio.yaml by make generate. Do not edit.
"""The metrics of the domain portfolio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otel_trading.recording import GaugeMetric, HistogramMetric, UpDownCounterMetric
from otel_trading.semconv.portfolio import METRICS

if TYPE_CHECKING:
    from otel_trading.recording import Gauge, Histogram, UpDownCounter
    from otel_trading.semconv.portfolio import (
        TradingPositionDirectionValues,
        TradingPositionUpdateStageValues,
        TradingReconciliationTypeValues,
    )


class PositionUpdateDuration(HistogramMetric):
    """Duration of one recomputation of a part of the portfolio.

    Unit: `s`.
    """

    if TYPE_CHECKING:

        def bind(self, *, stage: str | TradingPositionUpdateStageValues) -> Histogram: ...


class PositionValue(UpDownCounterMetric):
    """Signed market value of the positions.

    The unit USD is not part of UCUM; every backend keeps it unchanged.

    Unit: `USD`.
    """

    if TYPE_CHECKING:

        def bind(
            self,
            *,
            strategy_name: str,
            direction: str | TradingPositionDirectionValues,
            instrument_symbol: str | None = None,
        ) -> UpDownCounter: ...


class PnlUnrealized(UpDownCounterMetric):
    """Unrealized profit and loss of the open positions, signed.

    The unit USD is not part of UCUM; every backend keeps it unchanged.

    Unit: `USD`.
    """

    if TYPE_CHECKING:

        def bind(self, *, strategy_name: str) -> UpDownCounter: ...


class PnlRealized(UpDownCounterMetric):
    """Realized profit and loss of the session so far, signed.

    Not a Counter, because it can fall. The unit USD is not part of UCUM; every backend keeps it unchanged.

    Unit: `USD`.
    """

    if TYPE_CHECKING:

        def bind(self, *, strategy_name: str) -> UpDownCounter: ...


class PositionOpen(UpDownCounterMetric):
    """Positions that are not flat.

    Unit: `{position}`.
    """

    if TYPE_CHECKING:

        def bind(self, *, strategy_name: str) -> UpDownCounter: ...


class PortfolioValue(UpDownCounterMetric):
    """Net asset value, cash included.

    The unit USD is not part of UCUM; every backend keeps it unchanged.

    Unit: `USD`.
    """

    if TYPE_CHECKING:

        def bind(self, *, account_name: str) -> UpDownCounter: ...


class PortfolioExposure(UpDownCounterMetric):
    """Signed exposure; short is negative, so the sum is net and the sum of absolute values is gross.

    The unit USD is not part of UCUM; every backend keeps it unchanged.

    Unit: `USD`.
    """

    if TYPE_CHECKING:

        def bind(self, *, direction: str | TradingPositionDirectionValues) -> UpDownCounter: ...


class PortfolioDrawdown(GaugeMetric):
    """Distance of the portfolio's value below its peak of the session, as a fraction.

    Unit: `1`.
    """

    if TYPE_CHECKING:

        def bind(self, *, account_name: str) -> Gauge: ...


class ReconciliationBreakActive(UpDownCounterMetric):
    """Open differences between our books and the broker's.

    Unit: `{break}`.
    """

    if TYPE_CHECKING:

        def bind(self, *, reconciliation_type: str | TradingReconciliationTypeValues) -> UpDownCounter: ...


position_update_duration: Final = PositionUpdateDuration(METRICS[0])
position_value: Final = PositionValue(METRICS[1])
pnl_unrealized: Final = PnlUnrealized(METRICS[2])
pnl_realized: Final = PnlRealized(METRICS[3])
position_open: Final = PositionOpen(METRICS[4])
portfolio_value: Final = PortfolioValue(METRICS[5])
portfolio_exposure: Final = PortfolioExposure(METRICS[6])
portfolio_drawdown: Final = PortfolioDrawdown(METRICS[7])
reconciliation_break_active: Final = ReconciliationBreakActive(METRICS[8])
