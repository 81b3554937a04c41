# Generated from registry/risk.yaml by make generate. Do not edit.
"""The metrics of the domain risk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otel_trading.recording import CounterMetric, GaugeMetric, HistogramMetric, UpDownCounterMetric
from otel_trading.semconv.risk import METRICS

if TYPE_CHECKING:
    from otel_trading.recording import Counter, Gauge, Histogram, UpDownCounter
    from otel_trading.semconv.risk import (
        TradingKillSwitchScopeValues,
        TradingKillSwitchStateValues,
        TradingRiskCheckResultValues,
        TradingRiskCheckTypeValues,
        TradingRiskLimitScopeValues,
        TradingRiskLimitTypeValues,
    )


class RiskCheckDuration(HistogramMetric):
    """Duration of one pre-trade check.

    Unit: `s`.
    """

    if TYPE_CHECKING:

        def bind(
            self,
            *,
            check_type: str | TradingRiskCheckTypeValues,
            check_result: str | TradingRiskCheckResultValues | None = None,
            error_type: str | None = None,
        ) -> Histogram: ...


class RiskCheckPerformed(CounterMetric):
    """Pre-trade checks that came to a decision.

    Unit: `{check}`.
    """

    if TYPE_CHECKING:

        def bind(
            self,
            *,
            check_type: str | TradingRiskCheckTypeValues,
            check_result: str | TradingRiskCheckResultValues,
        ) -> Counter: ...


class RiskLimitBreached(CounterMetric):
    """Number of times that a limit was reached.

    Counted once when the limit is reached, and again only after the utilization fell below it.

    Unit: `{limit}`.
    """

    if TYPE_CHECKING:

        def bind(
            self,
            *,
            limit_type: str | TradingRiskLimitTypeValues,
            limit_scope: str | TradingRiskLimitScopeValues,
        ) -> Counter: ...


class RiskLimitUtilization(GaugeMetric):
    """The used part of a limit; 1 is the limit.

    Unit: `1`.
    """

    if TYPE_CHECKING:

        def bind(
            self,
            *,
            limit_type: str | TradingRiskLimitTypeValues,
            limit_scope: str | TradingRiskLimitScopeValues,
        ) -> Gauge: ...


class KillSwitchStatus(UpDownCounterMetric):
    """The state of a kill switch: 1 for the current state, 0 for the others.

    Latched: tripped stays 1 until somebody resets the switch.

    Unit: `1`.
    """

    if TYPE_CHECKING:

        def bind(
            self,
            *,
            scope: str | TradingKillSwitchScopeValues,
            state: str | TradingKillSwitchStateValues,
            strategy_name: str | None = None,
        ) -> UpDownCounter: ...


risk_check_duration: Final = RiskCheckDuration(METRICS[0])
risk_check_performed: Final = RiskCheckPerformed(METRICS[1])
risk_limit_breached: Final = RiskLimitBreached(METRICS[2])
risk_limit_utilization: Final = RiskLimitUtilization(METRICS[3])
kill_switch_status: Final = KillSwitchStatus(METRICS[4])
