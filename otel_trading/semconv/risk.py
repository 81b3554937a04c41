# Generated from registry/risk.yaml by make generate. Do not edit.
"""Names and definitions of the domain risk."""

from __future__ import annotations

from enum import Enum
from typing import Final

from otel_trading.semconv.definitions import Label, Metric

TRADING_RISK_CHECK_TYPE: Final = "trading.risk.check.type"
"""
The rule that a pre-trade check applies.
"""

TRADING_RISK_CHECK_RESULT: Final = "trading.risk.check.result"
"""
What the check decided.
"""

TRADING_RISK_CHECK_REASON: Final = "trading.risk.check.reason"
"""
Why a check refused the order, in words; on spans and events only.
"""

TRADING_RISK_LIMIT_TYPE: Final = "trading.risk.limit.type"
"""
What a limit bounds.
"""

TRADING_RISK_LIMIT_SCOPE: Final = "trading.risk.limit.scope"
"""
What a limit applies to.
"""

TRADING_RISK_LIMIT_UTILIZATION: Final = "trading.risk.limit.utilization"
"""
Used over allowed at the moment of an event; 1 is the limit.
"""

TRADING_KILL_SWITCH_SCOPE: Final = "trading.kill_switch.scope"
"""
What a kill switch stops.
"""

TRADING_KILL_SWITCH_STATE: Final = "trading.kill_switch.state"
"""
The state of a kill switch.
"""

TRADING_KILL_SWITCH_REASON: Final = "trading.kill_switch.reason"
"""
Why a kill switch tripped, in words; on events only.
"""

TRADING_KILL_SWITCH_RESET_BY: Final = "trading.kill_switch.reset_by"
"""
Who reset a kill switch; on events only.
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
    """Sum of all positions without their signs."""

    RESTRICTED_SYMBOL = "restricted_symbol"
    """Symbols that must not be traded."""

    MARGIN = "margin"
    """Buying power."""

    OTHER = "_OTHER"
    """Any other value."""


class TradingRiskCheckResultValues(Enum):
    """Values of `trading.risk.check.result`."""

    PASS = "pass"
    """The order may go on."""

    FAIL = "fail"
    """The order is refused."""


class TradingRiskLimitTypeValues(Enum):
    """Values of `trading.risk.limit.type`."""

    DAILY_LOSS = "daily_loss"
    """Loss of the session."""

    POSITION = "position"
    """Size of a position."""

    GROSS_EXPOSURE = "gross_exposure"
    """Sum of all positions without their signs."""

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
    """Trading is allowed, and the switch watches."""

    TRIPPED = "tripped"
    """Trading is stopped until somebody resets the switch."""

    DISABLED = "disabled"
    """The switch watches nothing."""


TRADING_RISK_CHECK_DURATION: Final = "trading.risk.check.duration"
"""
Time that one pre-trade check took.
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
        description="Time that one pre-trade check took.",
        labels=(
            Label(
                "check_type",
                "trading.risk.check.type",
                frozenset(
                    {
                        "position",
                        "daily_loss",
                        "order_size",
                        "price_band",
                        "order_rate",
                        "gross_exposure",
                        "restricted_symbol",
                        "margin",
                        "_OTHER",
                    }
                ),
                required=True,
            ),
            Label("check_result", "trading.risk.check.result", frozenset({"pass", "fail"}), required=False),
            Label("error_type", "error.type", None, required=False),
        ),
        service="risk-manager",
        prometheus="trading_risk_check_duration_seconds",
        boundaries=(
            5e-06,
            1e-05,
            2.5e-05,
            5e-05,
            0.0001,
            0.0002,
            0.0003,
            0.0004,
            0.00045,
            0.0005,
            0.00055,
            0.0006,
            0.00075,
            0.001,
            0.002,
            0.005,
            0.01,
            0.05,
        ),
        slo=0.0005,
        headline=True,
    ),
    Metric(
        name="trading.risk.check.performed",
        kind="counter",
        unit="{check}",
        description="Pre-trade checks that came to a decision.",
        labels=(
            Label(
                "check_type",
                "trading.risk.check.type",
                frozenset(
                    {
                        "position",
                        "daily_loss",
                        "order_size",
                        "price_band",
                        "order_rate",
                        "gross_exposure",
                        "restricted_symbol",
                        "margin",
                        "_OTHER",
                    }
                ),
                required=True,
            ),
            Label("check_result", "trading.risk.check.result", frozenset({"pass", "fail"}), required=True),
        ),
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
        description="Times that a limit was reached.",
        labels=(
            Label(
                "limit_type",
                "trading.risk.limit.type",
                frozenset(
                    {
                        "daily_loss",
                        "position",
                        "gross_exposure",
                        "leverage",
                        "var",
                        "margin",
                        "order_rate",
                        "api_quota",
                        "_OTHER",
                    }
                ),
                required=True,
            ),
            Label(
                "limit_scope",
                "trading.risk.limit.scope",
                frozenset({"order", "symbol", "strategy", "account", "venue", "firm", "_OTHER"}),
                required=True,
            ),
        ),
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
        description="How much of a limit is used; 1 is the limit.",
        labels=(
            Label(
                "limit_type",
                "trading.risk.limit.type",
                frozenset(
                    {
                        "daily_loss",
                        "position",
                        "gross_exposure",
                        "leverage",
                        "var",
                        "margin",
                        "order_rate",
                        "api_quota",
                        "_OTHER",
                    }
                ),
                required=True,
            ),
            Label(
                "limit_scope",
                "trading.risk.limit.scope",
                frozenset({"order", "symbol", "strategy", "account", "venue", "firm", "_OTHER"}),
                required=True,
            ),
        ),
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
        labels=(
            Label(
                "scope",
                "trading.kill_switch.scope",
                frozenset({"strategy", "account", "venue", "firm", "_OTHER"}),
                required=True,
            ),
            Label(
                "state",
                "trading.kill_switch.state",
                frozenset({"armed", "tripped", "disabled"}),
                required=True,
            ),
            Label("strategy_name", "trading.strategy.name", None, required=False),
        ),
        service="risk-manager",
        prometheus="trading_kill_switch_status",
        boundaries=None,
        slo=None,
        headline=False,
    ),
)
"""The domain's metrics, in the order of the registry."""
