"""Real-Time Trading Operations: does the system make money within its limits, and do its orders fill?"""

from __future__ import annotations

from typing import Final

from tools.dashboards import lines
from tools.dashboards.order_flow import (
    ANSWERS,
    FILLS,
    FLOW,
    GAPS,
    LATENCY,
    LINKS,
    ORDERS,
    RATIO,
    REJECTS,
    SILENCE,
    SLIPPAGE,
)
from tools.dashboards.panels import (
    ENVIRONMENT,
    ILL,
    NEAR,
    SERVICE,
    STRATEGY,
    VENUE,
    WELL,
    Dashboard,
    Panel,
    Step,
    ceiling,
)
from tools.dashboards.queries import Query

RISK: Final = "risk-manager"

_PROFIT: Final = lines.alert_line("TradingMaxDailyLossExceeded", "trading_pnl")

SESSION: Final = Panel(
    "Profit and loss of the session",
    "Realized and unrealized profit are above zero, or at least far above the daily loss limit.",
    "at the limit trading halts by itself: see Limits used, and the runbook of TradingMaxDailyLossExceeded.",
    "stat",
    lines.unit("trading_pnl_realized_USD"),
    9,
    (
        Query("sum(trading_pnl_realized_USD{ENV, STRATEGY})", "Realized"),
        Query("sum(trading_pnl_unrealized_USD{ENV, STRATEGY})", "Unrealized"),
        Query("sum(trading_portfolio_value_USD{ENV})", "Portfolio"),
        Query(
            "sum(increase(trading_execution_notional_USD_total{ENV, VENUE, STRATEGY}[$__range]))", "Traded"
        ),
    ),
    (Step(None, ILL), Step(_PROFIT, NEAR), Step(0, WELL)),
    decimals=0,
    service=RISK,
)
DRAWDOWN: Final = Panel(
    "Drawdown",
    f"The portfolio is less than {lines.DRAWDOWN:.0%} below the session's peak.",
    "find the strategy that loses in Profit by strategy, and stop it by its kill switch.",
    "stat",
    lines.unit("trading_portfolio_drawdown_ratio"),
    3,
    (Query("max(trading_portfolio_drawdown_ratio{ENV})", "Drawdown"),),
    ceiling(lines.DRAWDOWN),
    minimum=0,
    decimals=2,
    service=RISK,
)
POSITIONS: Final = Panel(
    "Open positions",
    "No more than the strategies may have.",
    "a position without a strategy was not closed: see its order's life in Kibana.",
    "stat",
    lines.unit("trading_position_open"),
    3,
    (Query("sum(trading_position_open{ENV, STRATEGY})", "Open positions"),),
    service=RISK,
)
KILL_SWITCH: Final = Panel(
    "Kill switch",
    "No switch is tripped.",
    "no order leaves until a person resets it: follow the runbook of TradingCircuitBreakerTriggered.",
    "stat",
    "none",
    3,
    (Query('max(trading_kill_switch_status{ENV, trading_kill_switch_state="tripped"})', "Kill switch"),),
    (Step(None, WELL), Step(1, ILL)),
    states={0: ("not tripped", WELL), 1: ("TRIPPED", ILL)},
    service=RISK,
)
ALERTS: Final = Panel(
    "Alerts that fire now",
    "None fires.",
    "open the runbook of the alert with the highest priority: docs/runbooks/<alert>.md.",
    "table",
    "none",
    6,
    (
        Query(
            "sum by (priority, alertname, service_name) (ALERTS"
            '{deployment_environment_name=~"$environment|", service_name=~"$service|", alertstate="firing", priority!="META"})',
            instant=True,
            unless="an alert fires",
        ),
    ),
    nothing="no alert fires",
    columns={"priority": "Priority", "alertname": "Alert", "service_name": "Service"},
)
PROFIT: Final = Panel(
    "Profit by strategy",
    "Lines rise, or at least stay far above the daily loss limit.",
    "compare with Slippage and Rejects by reason: the market is the cause, or the execution.",
    "timeseries",
    lines.unit("trading_pnl_realized_USD"),
    8,
    (
        Query(
            "topk(8, sum by (trading_strategy_name)"
            ' ({__name__=~"trading_pnl_(realized|unrealized)_USD", ENV, STRATEGY}))',
            "{{trading_strategy_name}}",
        ),
    ),
    (Step(None, WELL), Step(_PROFIT, ILL)),
    line=False,
    service=RISK,
)
EXPOSURE: Final = Panel(
    "Positions and exposure",
    "Long, short and net stay within the limits of the strategies; short is below zero.",
    "an unexpected position is a break in Exceptions; else lower the position limit.",
    "timeseries",
    lines.unit("trading_portfolio_exposure_USD"),
    8,
    (
        Query('sum(trading_portfolio_exposure_USD{ENV, trading_position_direction="long"})', "long"),
        Query('sum(trading_portfolio_exposure_USD{ENV, trading_position_direction="short"})', "short"),
        Query("sum(trading_portfolio_exposure_USD{ENV})", "net"),
        Query("sum(trading_position_value_USD{ENV, STRATEGY})", "of the strategies"),
    ),
    service=RISK,
)
LIMITS: Final = Panel(
    "Limits used",
    "Less than 80 % of every limit is used.",
    "at 100 % the risk manager refuses orders, and halts at the daily loss: reduce the position, or the limit is wrong.",
    "bargauge",
    lines.unit("trading_risk_limit_utilization_ratio"),
    8,
    (
        Query(
            "max by (trading_risk_limit_type) (trading_risk_limit_utilization_ratio{ENV})",
            "{{trading_risk_limit_type}}",
            instant=True,
        ),
    ),
    ceiling(lines.alert_line("TradingMaxDailyLossExceeded", "trading_risk_limit_utilization_ratio")),
    minimum=0,
    maximum=1,
    service=RISK,
)
EXCEPTIONS: Final = Panel(
    "Exceptions in the time range",
    "All are zero, except refused signals: a check that refuses one works.",
    "breaks and unmatched executions: follow the runbook of TradingPositionReconciliationBreak at once.",
    "stat",
    "none",
    24,
    (
        Query("max(trading_reconciliation_break_active{ENV})", "breaks now"),
        Query(
            "sum(increase(trading_execution_unmatched_total{ENV, VENUE}[$__range]))",
            "unmatched executions",
            unless="fills are reported twice",
        ),
        Query(
            "sum(increase(trading_risk_limit_breached_total{ENV}[$__range]))",
            "limit breaches",
            unless="a limit is reached",
        ),
        Query(
            'sum(increase(trading_risk_check_performed_total{ENV, trading_risk_check_result="fail"}[$__range]))',
            "checks refused",
            unless="a limit is reached",
        ),
        Query(
            "sum(increase(trading_signal_inference_errors_total{ENV}[$__range]))",
            "inference errors",
            unless="the model fails",
        ),
        Query("sum(increase(trading_venue_request_failed_total{ENV, VENUE}[$__range]))", "requests given up"),
    ),
    (Step(None, WELL), Step(1, NEAR)),
    decimals=0,
    service=RISK,
)

DASHBOARD: Final = Dashboard(
    "trading-operations",
    "Real-Time Trading Operations",
    "Does the system make money within its limits, and do its orders fill?",
    "5s",
    "15m",
    (ENVIRONMENT, SERVICE, VENUE, STRATEGY),
    (
        (4, (SESSION, DRAWDOWN, POSITIONS, KILL_SWITCH, ALERTS)),
        (7, (PROFIT, EXPOSURE, LIMITS)),
        (8, (ORDERS, FILLS, REJECTS, SLIPPAGE)),
        (8, (LATENCY, RATIO, ANSWERS)),
        (7, (LINKS, SILENCE, GAPS, FLOW)),
        (4, (EXCEPTIONS,)),
    ),
)
