# Generated from registry/risk.yaml by make generate. Do not edit.
"""Names and definitions of the domain risk."""

from __future__ import annotations

from enum import Enum
from typing import Final

from otel_trading.semconv import boundaries, labels
from otel_trading.semconv.definitions import Metric

TRADING_RISK_CHECK_TYPE: Final = "trading.risk.check.type"
"""
The rule that a pre-trade check applies.
"""

TRADING_RISK_CHECK_RESULT: Final = "trading.risk.check.result"
"""
The result of the check.
"""

TRADING_RISK_CHECK_REASON: Final = "trading.risk.check.reason"
"""
The reason why a check refused the order, in words; on spans and events only.
"""

TRADING_RISK_LIMIT_TYPE: Final = "trading.risk.limit.type"
"""
The quantity that a limit bounds.
"""

TRADING_RISK_LIMIT_SCOPE: Final = "trading.risk.limit.scope"
"""
The scope that a limit applies to.
"""

TRADING_RISK_LIMIT_UTILIZATION: Final = "trading.risk.limit.utilization"
"""
Used over allowed at the moment of an event; 1 is the limit.
"""

TRADING_KILL_SWITCH_SCOPE: Final = "trading.kill_switch.scope"
"""
The part of trading that a kill switch stops.
"""

TRADING_KILL_SWITCH_STATE: Final = "trading.kill_switch.state"
"""
The state of a kill switch.
"""

TRADING_KILL_SWITCH_REASON: Final = "trading.kill_switch.reason"
"""
The reason why a kill switch tripped, in words; on events only.
"""

TRADING_KILL_SWITCH_RESET_BY: Final = "trading.kill_switch.reset_by"
"""
The person who reset a kill switch; on events only.
"""


class TradingRiskCheckTypeValues(Enum):
    """Values of `trading.risk.check.type`."""

    POSITION = "position"
    """Position limit of a symbol."""

    DAILY_LOSS = "daily_loss"
    """Loss of the session so far."""

    ORDER_SIZE = "order_size"
    """Size of one order."""

    PRICE_BAND = "price_band"
    """Distance from the reference price."""

    ORDER_RATE = "order_rate"
    """Orders per second."""

    GROSS_EXPOSURE = "gross_exposure"
    """Sum of the absolute values of all positions."""

    RESTRICTED_SYMBOL = "restricted_symbol"
    """Symbols that must not be traded."""

    MARGIN = "margin"
    """Buying power."""

    OTHER = "_OTHER"
    """Any other value."""


class TradingRiskCheckResultValues(Enum):
    """Values of `trading.risk.check.result`."""

    PASS = "pass"
    """The order may continue."""

    FAIL = "fail"
    """The order is refused."""


class TradingRiskLimitTypeValues(Enum):
    """Values of `trading.risk.limit.type`."""

    DAILY_LOSS = "daily_loss"
    """Loss of the session."""

    POSITION = "position"
    """Size of a position."""

    GROSS_EXPOSURE = "gross_exposure"
    """Sum of the absolute values of all positions."""

    LEVERAGE = "leverage"
    """Gross exposure over portfolio value."""

    VAR = "var"
    """Value at risk."""

    MARGIN = "margin"
    """Margin in use."""

    ORDER_RATE = "order_rate"
    """Orders per second."""

    API_QUOTA = "api_quota"
    """Requests that the venue allows."""

    OTHER = "_OTHER"
    """Any other value."""


class TradingRiskLimitScopeValues(Enum):
    """Values of `trading.risk.limit.scope`."""

    ORDER = "order"
    """One order."""

    SYMBOL = "symbol"
    """One instrument."""

    STRATEGY = "strategy"
    """One strategy."""

    ACCOUNT = "account"
    """One account."""

    VENUE = "venue"
    """One venue."""

    FIRM = "firm"
    """Everything."""

    OTHER = "_OTHER"
    """Any other value."""


class TradingKillSwitchScopeValues(Enum):
    """Values of `trading.kill_switch.scope`."""

    STRATEGY = "strategy"
    """One strategy."""

    ACCOUNT = "account"
    """One account."""

    VENUE = "venue"
    """One venue."""

    FIRM = "firm"
    """Everything."""

    OTHER = "_OTHER"
    """Any other value."""


class TradingKillSwitchStateValues(Enum):
    """Values of `trading.kill_switch.state`."""

    ARMED = "armed"
    """Trading is allowed, and the switch can trip."""

    TRIPPED = "tripped"
    """Trading is stopped until somebody resets the switch."""

    DISABLED = "disabled"
    """The switch is out of use and cannot trip."""


TRADING_RISK_CHECK_DURATION: Final = "trading.risk.check.duration"
"""
Duration of one pre-trade check.
"""

TRADING_RISK_CHECK_PERFORMED: Final = "trading.risk.check.performed"
"""
Pre-trade checks that came to a decision.
"""

TRADING_RISK_LIMIT_BREACHED: Final = "trading.risk.limit.breached"
"""
A limit was reached.
"""

TRADING_KILL_SWITCH_STATUS: Final = "trading.kill_switch.status"
"""
The state of a kill switch: 1 for the current state, 0 for the others.
"""

TRADING_KILL_SWITCH_TRIPPED: Final = "trading.kill_switch.tripped"
"""
A kill switch stopped trading.
"""

TRADING_KILL_SWITCH_RESET: Final = "trading.kill_switch.reset"
"""
Somebody allowed trading again.
"""

METRICS: Final[tuple[Metric, ...]] = (
    Metric(
        name="trading.risk.check.duration",
        kind="histogram",
        unit="s",
        description="Duration of one pre-trade check.",
        labels=(labels.RISK_CHECK_TYPE, labels.OPTIONAL_RISK_CHECK_RESULT, labels.OPTIONAL_ERROR_TYPE),
        service="risk-manager",
        prometheus="trading_risk_check_duration_seconds",
        boundaries=boundaries.FROM_5US_TO_50MS,
        slo=0.0005,
        headline=True,
    ),
    Metric(
        name="trading.risk.check.performed",
        kind="counter",
        unit="{check}",
        description="Pre-trade checks that came to a decision.",
        labels=(labels.RISK_CHECK_TYPE, labels.RISK_CHECK_RESULT),
        service="risk-manager",
        prometheus="trading_risk_check_performed_total",
        boundaries=None,
        slo=None,
        headline=True,
    ),
    Metric(
        name="trading.risk.limit.breached",
        kind="counter",
        unit="{limit}",
        description="Number of times that a limit was reached.",
        labels=(labels.RISK_LIMIT_TYPE, labels.RISK_LIMIT_SCOPE),
        service="risk-manager",
        prometheus="trading_risk_limit_breached_total",
        boundaries=None,
        slo=None,
        headline=True,
    ),
    Metric(
        name="trading.risk.limit.utilization",
        kind="gauge",
        unit="1",
        description="The used part of a limit; 1 is the limit.",
        labels=(labels.RISK_LIMIT_TYPE, labels.RISK_LIMIT_SCOPE),
        service="risk-manager",
        prometheus="trading_risk_limit_utilization_ratio",
        boundaries=None,
        slo=None,
        headline=False,
    ),
    Metric(
        name="trading.kill_switch.status",
        kind="updowncounter",
        unit="1",
        description="The state of a kill switch: 1 for the current state, 0 for the others.",
        labels=(labels.KILL_SWITCH_SCOPE, labels.KILL_SWITCH_STATE, labels.OPTIONAL_STRATEGY_NAME),
        service="risk-manager",
        prometheus="trading_kill_switch_status",
        boundaries=None,
        slo=None,
        headline=False,
    ),
)
"""The domain's metrics, in the order of the registry."""
