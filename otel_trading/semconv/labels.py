# Generated from registry/*.yaml by make generate. Do not edit.
"""The labels of the metrics, each once: an attribute, and whether `bind` requires it."""

from __future__ import annotations

from typing import Final

from otel_trading.semconv.definitions import Label

FEED_NAME: Final = Label("feed_name", "trading.feed.name", None, required=True)
MARKET_DATA_MESSAGE_TYPE: Final = Label(
    "message_type",
    "trading.market_data.message.type",
    frozenset({"trade", "quote", "book", "status", "heartbeat", "_OTHER"}),
    required=True,
)
ORDER_BOOK_UPDATE_TYPE: Final = Label(
    "update_type", "trading.order_book.update.type", frozenset({"snapshot", "delta"}), required=True
)
ERROR_TYPE: Final = Label("error_type", "error.type", None, required=True)
MARKET_DATA_DROP_REASON: Final = Label(
    "drop_reason",
    "trading.market_data.drop.reason",
    frozenset({"decode", "overflow", "out_of_order", "duplicate", "stale", "_OTHER"}),
    required=True,
)
ORDER_BOOK_VIOLATION_TYPE: Final = Label(
    "violation_type",
    "trading.order_book.violation.type",
    frozenset({"crossed", "locked", "unknown_order", "negative_size", "_OTHER"}),
    required=True,
)
MODEL_NAME: Final = Label("model_name", "trading.model.name", None, required=True)
OPTIONAL_ERROR_TYPE: Final = Label("error_type", "error.type", None, required=False)
FEATURE_SET_NAME: Final = Label("feature_set_name", "trading.feature_set.name", None, required=True)
STRATEGY_NAME: Final = Label("strategy_name", "trading.strategy.name", None, required=True)
SIGNAL_DIRECTION: Final = Label(
    "direction", "trading.signal.direction", frozenset({"buy", "sell", "hold"}), required=True
)
RISK_CHECK_TYPE: Final = Label(
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
)
OPTIONAL_RISK_CHECK_RESULT: Final = Label(
    "check_result", "trading.risk.check.result", frozenset({"pass", "fail"}), required=False
)
RISK_CHECK_RESULT: Final = Label(
    "check_result", "trading.risk.check.result", frozenset({"pass", "fail"}), required=True
)
RISK_LIMIT_TYPE: Final = Label(
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
)
RISK_LIMIT_SCOPE: Final = Label(
    "limit_scope",
    "trading.risk.limit.scope",
    frozenset({"order", "symbol", "strategy", "account", "venue", "firm", "_OTHER"}),
    required=True,
)
KILL_SWITCH_SCOPE: Final = Label(
    "scope",
    "trading.kill_switch.scope",
    frozenset({"strategy", "account", "venue", "firm", "_OTHER"}),
    required=True,
)
KILL_SWITCH_STATE: Final = Label(
    "state", "trading.kill_switch.state", frozenset({"armed", "tripped", "disabled"}), required=True
)
OPTIONAL_STRATEGY_NAME: Final = Label("strategy_name", "trading.strategy.name", None, required=False)
VENUE_NAME: Final = Label("venue_name", "trading.venue.name", None, required=True)
ORDER_TYPE: Final = Label(
    "order_type",
    "trading.order.type",
    frozenset({"market", "limit", "stop", "stop_limit", "trailing_stop", "_OTHER"}),
    required=True,
)
ORDER_ROUTE_STRATEGY: Final = Label("route_strategy", "trading.order.route.strategy", None, required=True)
ORDER_REQUEST_TYPE: Final = Label(
    "request_type",
    "trading.order.request.type",
    frozenset({"new", "cancel", "replace", "mass_cancel"}),
    required=True,
)
ORDER_STATUS: Final = Label(
    "order_status",
    "trading.order.status",
    frozenset({"filled", "done_for_day", "canceled", "rejected", "expired", "_OTHER"}),
    required=True,
)
EXECUTION_LIQUIDITY: Final = Label(
    "liquidity", "trading.execution.liquidity", frozenset({"maker", "taker", "_OTHER"}), required=True
)
ORDER_REJECT_SOURCE: Final = Label(
    "reject_source", "trading.order.reject.source", frozenset({"risk", "gateway", "venue"}), required=True
)
ORDER_REJECT_REASON: Final = Label(
    "reject_reason",
    "trading.order.reject.reason",
    frozenset(
        {
            "broker_option",
            "unknown_symbol",
            "exchange_closed",
            "order_exceeds_limit",
            "too_late_to_enter",
            "unknown_order",
            "duplicate_order",
            "stale_order",
            "incorrect_quantity",
            "unknown_account",
            "price_exceeds_band",
            "insufficient_funds",
            "self_trade_prevention",
            "throttled",
            "_OTHER",
        }
    ),
    required=True,
)
ORDER_RETRY_ATTEMPT: Final = Label(
    "retry_attempt", "trading.order.retry.attempt", frozenset({"1", "2", "3+"}), required=True
)
EXECUTION_UNMATCHED_REASON: Final = Label(
    "unmatched_reason",
    "trading.execution.unmatched.reason",
    frozenset({"duplicate", "unknown_order", "overfill", "_OTHER"}),
    required=True,
)
ORDER_SIDE: Final = Label(
    "order_side", "trading.order.side", frozenset({"buy", "sell", "sell_short", "_OTHER"}), required=True
)
POSITION_UPDATE_STAGE: Final = Label(
    "stage",
    "trading.position.update.stage",
    frozenset({"position", "pnl_unrealized", "pnl_realized"}),
    required=True,
)
POSITION_DIRECTION: Final = Label(
    "direction", "trading.position.direction", frozenset({"long", "short"}), required=True
)
OPTIONAL_INSTRUMENT_SYMBOL: Final = Label(
    "instrument_symbol", "trading.instrument.symbol", None, required=False
)
ACCOUNT_NAME: Final = Label("account_name", "trading.account.name", None, required=True)
RECONCILIATION_TYPE: Final = Label(
    "reconciliation_type",
    "trading.reconciliation.type",
    frozenset({"position", "cash", "order"}),
    required=True,
)
CONNECTION_TYPE: Final = Label(
    "connection_type",
    "trading.connection.type",
    frozenset({"market_data", "order_entry", "drop_copy"}),
    required=True,
)
CONNECTION_STATE: Final = Label(
    "state",
    "trading.connection.state",
    frozenset({"connected", "connecting", "disconnected", "idle"}),
    required=True,
)
OPTIONAL_FEED_NAME: Final = Label("feed_name", "trading.feed.name", None, required=False)
OPTIONAL_SERVER_ADDRESS: Final = Label("server_address", "server.address", None, required=False)
SERVER_ADDRESS: Final = Label("server_address", "server.address", None, required=True)
HTTP_REQUEST_METHOD: Final = Label("request_method", "http.request.method", None, required=True)
OPTIONAL_SERVER_PORT: Final = Label("server_port", "server.port", None, required=False)
OPTIONAL_HTTP_RESPONSE_STATUS_CODE: Final = Label(
    "response_status_code", "http.response.status_code", None, required=False
)
MESSAGING_DESTINATION_NAME: Final = Label(
    "destination_name", "messaging.destination.name", None, required=True
)
QUEUE_DIRECTION: Final = Label(
    "direction", "trading.queue.direction", frozenset({"in", "out"}), required=True
)
CLOCK_SOURCE: Final = Label(
    "clock_source",
    "trading.clock.source",
    frozenset({"ptp", "ntp", "pps", "system", "_OTHER"}),
    required=True,
)
MESSAGING_SYSTEM: Final = Label("messaging_system", "messaging.system", None, required=True)
MESSAGING_OPERATION_NAME: Final = Label("operation_name", "messaging.operation.name", None, required=True)
CPU_MODE: Final = Label("cpu_mode", "cpu.mode", frozenset({"user", "system"}), required=True)
