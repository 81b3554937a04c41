# Generated from registry/portfolio.yaml by make generate. Do not edit.
"""Names and definitions of the domain portfolio."""

from __future__ import annotations

from enum import Enum
from typing import Final

from otel_trading.semconv import boundaries, labels
from otel_trading.semconv.definitions import Metric

TRADING_ACCOUNT_NAME: Final = "trading.account.name"
"""
An alias of the account, never its number.
"""

TRADING_POSITION_DIRECTION: Final = "trading.position.direction"
"""
The sign of a position.
"""

TRADING_POSITION_UPDATE_STAGE: Final = "trading.position.update.stage"
"""
The part of the portfolio that was recomputed.
"""

TRADING_RECONCILIATION_TYPE: Final = "trading.reconciliation.type"
"""
The books that are compared with the broker's.
"""


class TradingPositionDirectionValues(Enum):
    """Values of `trading.position.direction`."""

    LONG = "long"
    """Above zero."""

    SHORT = "short"
    """Below zero."""


class TradingPositionUpdateStageValues(Enum):
    """Values of `trading.position.update.stage`."""

    POSITION = "position"
    """Quantities and values."""

    PNL_UNREALIZED = "pnl_unrealized"
    """Unrealized profit and loss."""

    PNL_REALIZED = "pnl_realized"
    """Realized profit and loss."""


class TradingReconciliationTypeValues(Enum):
    """Values of `trading.reconciliation.type`."""

    POSITION = "position"
    """Positions."""

    CASH = "cash"
    """Cash."""

    ORDER = "order"
    """Open orders."""


TRADING_POSITION_UPDATE_DURATION: Final = "trading.position.update.duration"
"""
Duration of one recomputation of a part of the portfolio.
"""

TRADING_POSITION_VALUE: Final = "trading.position.value"
"""
Signed market value of the positions.
"""

TRADING_PNL_UNREALIZED: Final = "trading.pnl.unrealized"
"""
Unrealized profit and loss of the open positions, signed.
"""

TRADING_PNL_REALIZED: Final = "trading.pnl.realized"
"""
Realized profit and loss of the session so far, signed.
"""

TRADING_POSITION_OPEN: Final = "trading.position.open"
"""
Positions that are not flat.
"""

TRADING_PORTFOLIO_VALUE: Final = "trading.portfolio.value"
"""
Net asset value, cash included.
"""

TRADING_PORTFOLIO_EXPOSURE: Final = "trading.portfolio.exposure"
"""
Signed exposure; short is negative, so the sum is net and the sum of absolute values is gross.
"""

TRADING_PORTFOLIO_DRAWDOWN: Final = "trading.portfolio.drawdown"
"""
Distance of the portfolio's value below its peak of the session, as a fraction.
"""

TRADING_RECONCILIATION_BREAK_ACTIVE: Final = "trading.reconciliation.break.active"
"""
Open differences between our books and the broker's.
"""

METRICS: Final[tuple[Metric, ...]] = (
    Metric(
        name="trading.position.update.duration",
        kind="histogram",
        unit="s",
        description="Duration of one recomputation of a part of the portfolio.",
        labels=(labels.POSITION_UPDATE_STAGE,),
        service="risk-manager",
        prometheus="trading_position_update_duration_seconds",
        boundaries=boundaries.FROM_5US_TO_50MS,
        slo=None,
        headline=False,
    ),
    Metric(
        name="trading.position.value",
        kind="updowncounter",
        unit="USD",
        description="Signed market value of the positions.",
        labels=(labels.STRATEGY_NAME, labels.POSITION_DIRECTION, labels.OPTIONAL_INSTRUMENT_SYMBOL),
        service="risk-manager",
        prometheus="trading_position_value_USD",
        boundaries=None,
        slo=None,
        headline=True,
    ),
    Metric(
        name="trading.pnl.unrealized",
        kind="updowncounter",
        unit="USD",
        description="Unrealized profit and loss of the open positions, signed.",
        labels=(labels.STRATEGY_NAME,),
        service="risk-manager",
        prometheus="trading_pnl_unrealized_USD",
        boundaries=None,
        slo=None,
        headline=True,
    ),
    Metric(
        name="trading.pnl.realized",
        kind="updowncounter",
        unit="USD",
        description="Realized profit and loss of the session so far, signed.",
        labels=(labels.STRATEGY_NAME,),
        service="risk-manager",
        prometheus="trading_pnl_realized_USD",
        boundaries=None,
        slo=None,
        headline=True,
    ),
    Metric(
        name="trading.position.open",
        kind="updowncounter",
        unit="{position}",
        description="Positions that are not flat.",
        labels=(labels.STRATEGY_NAME,),
        service="risk-manager",
        prometheus="trading_position_open",
        boundaries=None,
        slo=None,
        headline=True,
    ),
    Metric(
        name="trading.portfolio.value",
        kind="updowncounter",
        unit="USD",
        description="Net asset value, cash included.",
        labels=(labels.ACCOUNT_NAME,),
        service="risk-manager",
        prometheus="trading_portfolio_value_USD",
        boundaries=None,
        slo=None,
        headline=True,
    ),
    Metric(
        name="trading.portfolio.exposure",
        kind="updowncounter",
        unit="USD",
        description="Signed exposure; short is negative, so the sum is net and the sum of absolute values is gross.",
        labels=(labels.POSITION_DIRECTION,),
        service="risk-manager",
        prometheus="trading_portfolio_exposure_USD",
        boundaries=None,
        slo=None,
        headline=False,
    ),
    Metric(
        name="trading.portfolio.drawdown",
        kind="gauge",
        unit="1",
        description="Distance of the portfolio's value below its peak of the session, as a fraction.",
        labels=(labels.ACCOUNT_NAME,),
        service="risk-manager",
        prometheus="trading_portfolio_drawdown_ratio",
        boundaries=None,
        slo=None,
        headline=False,
    ),
    Metric(
        name="trading.reconciliation.break.active",
        kind="updowncounter",
        unit="{break}",
        description="Open differences between our books and the broker's.",
        labels=(labels.RECONCILIATION_TYPE,),
        service="risk-manager",
        prometheus="trading_reconciliation_break_active",
        boundaries=None,
        slo=None,
        headline=False,
    ),
)
"""The domain's metrics, in the order of the registry."""
