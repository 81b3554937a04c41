"""Order flow: the panels from the message of a feed to the answer of the venue."""

from __future__ import annotations

from typing import Final

from tools.dashboards import lines
from tools.dashboards.panels import ILL, WELL, Panel, Step, ceiling, floor
from tools.dashboards.queries import Query, quantile

EXECUTION: Final = "execution-engine"

STAGES: Final = {
    "trading_market_data_process_duration_seconds": "market data",
    "trading_order_book_update_duration_seconds": "order book",
    "trading_signal_inference_duration_seconds": "inference",
    "trading_risk_check_duration_seconds": "risk check",
    "trading_order_submit_duration_seconds": "submission",
    "http_client_request_duration_seconds": "venue's API",
}
"""The stages with an objective, on the way from a tick to the venue's answer."""

ORDERS: Final = Panel(
    "Orders and fills",
    "Fills follow orders, and there are fewer changes and cancels than orders.",
    "orders without fills: see Feeds and links, Rejects by reason and Fill ratio, in this order.",
    "timeseries",
    "ops",
    6,
    (
        Query("sum(rate(trading_order_submitted_total{ENV, VENUE, STRATEGY}[RATE]))", "submitted"),
        Query(
            'sum(rate(trading_order_completed_total{ENV, VENUE, trading_order_status="filled"}[RATE]))',
            "filled",
        ),
        Query("sum(rate(trading_execution_received_total{ENV, VENUE}[RATE]))", "executions"),
        Query("sum(rate(trading_order_change_requested_total{ENV, VENUE}[RATE]))", "changes, cancels"),
    ),
    minimum=0,
    service=EXECUTION,
)
_MARKET: Final = 'ENV, VENUE, trading_order_type="market"'
FILLS: Final = Panel(
    "Fill ratio",
    f"More than {lines.objectives()['market-order-fill-rate'].target:.0%} of the market orders are filled; "
    "a limit order may stay open.",
    "follow the runbook of TradingLowFillRate: rejects, halted instruments, or no liquidity.",
    "timeseries",
    lines.unit("trading_order_fill_ratio"),
    6,
    (
        Query(
            f'sum(rate(trading_order_completed_total{{{_MARKET}, trading_order_status="filled"}}[RATE]))'
            f" / sum(rate(trading_order_completed_total{{{_MARKET}}}[RATE]))",
            "market orders",
        ),
        Query(
            "sum(rate(trading_order_fill_ratio_sum{ENV, VENUE}[RATE]))"
            " / sum(rate(trading_order_fill_ratio_count{ENV, VENUE}[RATE]))",
            "quantity of all orders",
        ),
    ),
    floor(lines.objectives()["market-order-fill-rate"].target),
    minimum=0,
    maximum=1,
    service=EXECUTION,
)
REJECTS: Final = Panel(
    "Rejects by reason",
    "Almost none, and only by our own risk checks, before an order leaves.",
    "the reason names the source; the venue's own text is in Kibana's search “Rejects”.",
    "timeseries",
    "ops",
    6,
    (
        Query(
            "topk(8, sum by (trading_order_reject_source, trading_order_reject_reason)"
            " (rate(trading_order_rejected_total{ENV, VENUE}[RATE])))",
            "{{trading_order_reject_source}}: {{trading_order_reject_reason}}",
            unless="orders are rejected",
        ),
    ),
    minimum=0,
    nothing="no rejects",
    service=EXECUTION,
)
_SLIPPAGE: Final = lines.objective("trading_execution_slippage_bps")
SLIPPAGE: Final = Panel(
    "Slippage",
    f"{_SLIPPAGE.quantile:.0%} of the executions cost at most {_SLIPPAGE.boundary:g} bps against the price at arrival; "
    "below zero is a better price.",
    "follow the runbook of TradingHighSlippage: slower stages, wider spreads, or orders that are too large.",
    "timeseries",
    lines.unit("trading_execution_slippage_bps"),
    6,
    (
        Query(quantile(0.5, "trading_execution_slippage_bps", "VENUE"), "half cost less"),
        Query(
            quantile(_SLIPPAGE.quantile, "trading_execution_slippage_bps", "VENUE"),
            f"{_SLIPPAGE.quantile:.0%} cost less",
            exemplars=True,
        ),
        Query(
            quantile(0.95, "trading_order_implementation_shortfall_bps", "STRATEGY"),
            "95% with fees, unfilled",
        ),
    ),
    ceiling(_SLIPPAGE.boundary, near=1),
    service=EXECUTION,
)
LATENCY: Final = Panel(
    "Latency of each stage",
    "Every line is flat, and below its objective in Latency against its objective.",
    "click an exemplar for the trace of a slow one: the longest span is the cause.",
    "timeseries",
    "s",
    10,
    (
        *(
            Query(quantile(lines.objective(name).quantile, name), stage, exemplars=True)
            for name, stage in STAGES.items()
        ),
        Query(
            quantile(0.99, "trading_tick_to_trade_duration_seconds", "VENUE, STRATEGY"),
            "tick to trade",
            exemplars=True,
        ),
    ),
    is_log=True,
    service=EXECUTION,
)
RATIO: Final = Panel(
    "Latency against its objective",
    "Every stage is below 100 %, its objective: "
    + ", ".join(
        f"{stage} {lines.objective(name).quantile:.0%} in {lines.objective(name).boundary * 1e6:g} µs"
        for name, stage in STAGES.items()
    )
    + ".",
    "follow the runbook of TradingHighOrderLatency, or of TradingElevatedMarketDataLatency.",
    "bargauge",
    "percentunit",
    7,
    tuple(
        Query(
            f"{quantile(lines.objective(name).quantile, name)} / {lines.objective(name).boundary:g}",
            stage,
            instant=True,
        )
        for name, stage in STAGES.items()
    ),
    ceiling(1),
    minimum=0,
    maximum=2,
    service=EXECUTION,
)
ANSWERS: Final = Panel(
    "The venue's answers",
    "Acknowledgements come in milliseconds, and market orders are filled right after.",
    "slow for all orders: the venue, or the line to the venue. Slow for some: see their traces.",
    "timeseries",
    lines.unit("trading_order_ack_duration_seconds"),
    7,
    (
        Query(quantile(0.5, "trading_order_ack_duration_seconds", "VENUE"), "half acknowledged"),
        Query(
            quantile(0.95, "trading_order_ack_duration_seconds", "VENUE"), "95% acknowledged", exemplars=True
        ),
        Query(
            quantile(0.95, "trading_order_fill_duration_seconds", "VENUE"), "95% first filled", exemplars=True
        ),
    ),
    is_log=True,
    service=EXECUTION,
)
LINKS: Final = Panel(
    "Feeds and links",
    "Every connection is up, or idle while the market is closed.",
    "follow the runbook of TradingMarketDataDisconnected: the venue's status page first, then our network.",
    "state-timeline",
    "none",
    8,
    (
        Query(
            "max by (trading_connection_type, trading_feed_name, server_address)"
            ' (trading_connection_status{ENV, trading_connection_state=~"connected|idle"})',
            "{{trading_connection_type}} {{trading_feed_name}}{{server_address}}",
        ),
    ),
    (Step(None, ILL), Step(1, WELL)),
    states={0: ("down", ILL), 1: ("up", WELL)},
    service="market-data",
)
_SILENT: Final = lines.alert_line("TradingMarketDataDisconnected", "trading_market_data_last")
SILENCE: Final = Panel(
    "Silence of each feed",
    f"The last message is less than {_SILENT:g} s old.",
    "a feed that is connected and silent is half open: have the service reconnect.",
    "timeseries",
    lines.unit("trading_market_data_last_message_timestamp_seconds"),
    5,
    (
        Query(
            "topk(8, max by (trading_feed_name) (timestamp(trading_market_data_last_message_timestamp_seconds{ENV})"
            " - trading_market_data_last_message_timestamp_seconds{ENV}))",
            "{{trading_feed_name}}",
        ),
    ),
    ceiling(_SILENT, near=1),
    minimum=0,
    service="market-data",
)
GAPS: Final = Panel(
    "Feed gaps and drops",
    "All lines are at zero.",
    "missed: the network, or a slow reader. Dropped and broken books: bad data of the venue, see the traces.",
    "timeseries",
    "mps",
    5,
    (
        Query("sum(rate(trading_market_data_message_missed_total{ENV}[RATE]))", "missed"),
        Query(
            "sum(rate(trading_market_data_message_dropped_total{ENV}[RATE]))",
            "dropped",
            unless="quotes have no price",
        ),
        # a locked book, whose bid equals its ask, occurs on real markets too
        Query(
            'sum(rate(trading_order_book_violations_total{ENV, trading_order_book_violation_type!="locked"}[RATE]))',
            "broken books",
            unless="quotes are crossed",
        ),
        Query(
            "sum(rate(trading_market_data_connection_failed_total{ENV}[RATE]))",
            "connections failed",
            unless="a feed cannot connect",
        ),
    ),
    minimum=0,
    service="market-data",
)
FLOW: Final = Panel(
    "From messages to orders",
    "Four lines, one below the other, none of which falls by itself.",
    "the first line that falls names the service to look at.",
    "timeseries",
    "cps",
    6,
    (
        Query("sum(rate(trading_market_data_message_received_total{ENV}[RATE]))", "messages"),
        Query("sum(rate(trading_signal_generated_total{ENV, STRATEGY}[RATE]))", "signals"),
        Query("sum(rate(trading_risk_check_performed_total{ENV}[RATE]))", "risk checks"),
        Query("sum(rate(trading_order_submitted_total{ENV, VENUE, STRATEGY}[RATE]))", "orders"),
    ),
    is_log=True,
    service="signal-bridge",
)
