"""Risk: the pre-trade checks of an order, the limits behind them, and the switch that stops trading."""

from __future__ import annotations

from typing import Any

from opentelemetry.trace import get_current_span

from otel_trading import metrics
from otel_trading._forking import renewed_lock
from otel_trading._guard import guard, warn
from otel_trading.instruments import _arguments
from otel_trading.instruments.operation import Opened, Operation
from otel_trading.instruments.status import Status
from otel_trading.logs import event
from otel_trading.semconv import risk as names
from otel_trading.semconv.signal import TRADING_STRATEGY_NAME
from otel_trading.tracing import span
from otel_trading.values import numbers
from otel_trading.values.error_type import error_type
from otel_trading.values.text import described


class RiskCheck(Operation):
    """One pre-trade check: it passes unless `fail` is called.

    Attributes:
        result: "pass" or "fail".
        reason: The reason that was passed to `fail`.
    """

    __slots__ = ("_type", "reason", "result")

    def __init__(self, opened: Opened, check_type: str) -> None:
        super().__init__(opened)
        self._type = check_type
        self.result = "pass"
        self.reason = ""

    def fail(self, reason: str = "") -> None:
        """Refuse the order.

        Args:
            reason: The reason, for the span; it is never a label of a metric.
        """
        self.result = "fail"
        self.reason = described(reason)

    def _finish(self, elapsed: float, error: BaseException | None) -> None:
        if error is not None:
            metrics.risk_check_duration.bind(check_type=self._type, error_type=error_type(error)).record(
                elapsed
            )
            return
        labels = {"check_type": self._type, "check_result": self.result}
        metrics.risk_check_duration.bind(**labels).record(elapsed)
        metrics.risk_check_performed.bind(**labels).add()
        self.span.set_attribute(names.TRADING_RISK_CHECK_RESULT, self.result)
        if self.reason:
            self.span.set_attribute(names.TRADING_RISK_CHECK_REASON, self.reason)


class RiskGate:
    """The pre-trade checks of one scope, and the limits that they enforce.

        gate = RiskGate()
        with gate.check("position") as check:
            if abs(position + order.quantity) > 1_000:
                check.fail("above 1000 shares")
        if check.result == "fail": ...
        gate.limit("daily_loss", used=-pnl, limit=5_000)

    Args:
        scope: The scope of the limits: "order", "strategy", "account", "symbol" or "venue".

    Raises:
        LabelError: The scope is not text, or empty.
    """

    def __init__(self, scope: str = "strategy") -> None:
        self.scope = _arguments.name(scope, "RiskGate(scope)")
        self._breached: set[tuple[str, str]] = set()
        self._lock = renewed_lock()

    def check(self, type: str) -> RiskCheck:
        """Time one check, and count its result.

        If the block raises, the check did not run. It counts neither as passed nor as failed, and its
        duration has the label `error.type` instead of a result.

        Args:
            type: "position", "daily_loss", "order_size", "price_band", "order_rate", "gross_exposure",
                "restricted_symbol" or "margin".

        Returns:
            A context manager that has `fail(reason)`.
        """
        known = _arguments.word(metrics.risk_check_performed, "check_type", type)
        return RiskCheck(span(f"check {known}", {names.TRADING_RISK_CHECK_TYPE: known}), known)

    @guard("risk limit")
    def limit(self, limit_type: str, used: float, limit: float, scope: str | None = None) -> None:
        """Record how much of a limit is used; used / limit of 1 or more is a breach.

        A breach is counted once, when the limit is reached, and again only after the ratio was below 1.
        There is one series per type and scope: if several strategies or symbols share a scope, pass the one
        that is nearest to its limit.

        Args:
            limit_type: "daily_loss", "position", "gross_exposure", "leverage", "var", "margin",
                "order_rate" or "api_quota".
            used: The used amount, in the limit's unit; below zero (a profit) counts as zero.
            limit: The limit, in the same unit; 0 allows nothing, so that any use is a breach.
            scope: Replaces the gate's own scope.
        """
        ratio = _utilization(used, limit)
        if ratio is None:
            return
        known_type = _arguments.word(metrics.risk_limit_utilization, "limit_type", limit_type)
        known_scope = _arguments.word(metrics.risk_limit_utilization, "limit_scope", scope or self.scope)
        with self._lock:
            metrics.risk_limit_utilization.bind(limit_type=known_type, limit_scope=known_scope).set(ratio)
            if ratio < 1:
                self._breached.discard((known_type, known_scope))
            elif (known_type, known_scope) not in self._breached:
                self._breached.add((known_type, known_scope))
                self._report_breach(known_type, known_scope, ratio)

    def _report_breach(self, limit_type: str, scope: str, ratio: float) -> None:
        metrics.risk_limit_breached.bind(limit_type=limit_type, limit_scope=scope).add()
        attributes = {
            names.TRADING_RISK_LIMIT_TYPE: limit_type,
            names.TRADING_RISK_LIMIT_SCOPE: scope,
            names.TRADING_RISK_LIMIT_UTILIZATION: ratio,
        }
        _emit(names.TRADING_RISK_LIMIT_BREACHED, attributes, "error")


class KillSwitch:
    """The switch that stops trading. It is latched: only a person's `reset` arms it again.

        switch = KillSwitch(strategy="mm")
        if loss > 5_000:
            switch.trip("daily loss")
        if not switch.tripped: ...

    Args:
        scope: The part of trading that it stops: "strategy", "account", "venue" or "firm".
        strategy: The strategy that it stops, if it stops only one.

    Raises:
        LabelError: A name is not text, or empty.
    """

    def __init__(self, scope: str = "strategy", *, strategy: str | None = None) -> None:
        given = _arguments.name(scope, "KillSwitch(scope)")
        self.scope = _arguments.word(metrics.kill_switch_status, "scope", given)
        self.strategy = None if strategy is None else _arguments.name(strategy, "KillSwitch(strategy)")
        labels = {"scope": self.scope, "strategy_name": self.strategy}
        self._status = Status(metrics.kill_switch_status.bind_states("state", **labels), "armed")
        self._lock = renewed_lock()

    @property
    def tripped(self) -> bool:
        """Whether the switch is tripped, so that no order may leave."""
        return self.state == "tripped"

    @property
    def state(self) -> str:
        """The state: "armed", "tripped" or "disabled"."""
        return self._status.state

    @guard("kill switch tripped")
    def trip(self, reason: str) -> None:
        """Trip the switch, if it is armed.

        Args:
            reason: The reason, for the event.
        """
        with self._lock:
            if self.state == "armed":
                self._status.change("tripped")
                self._emit(
                    names.TRADING_KILL_SWITCH_TRIPPED, names.TRADING_KILL_SWITCH_REASON, reason, "fatal"
                )
            elif self.state == "disabled":
                warn("kill_switch:disabled", "otel_trading: a disabled kill switch was not tripped")

    @guard("kill switch reset")
    def reset(self, by: str) -> None:
        """Arm the switch again, if it is tripped.

        Args:
            by: The person who decided it, for the event.
        """
        with self._lock:
            if self.tripped:
                self._status.change("armed")
                self._emit(names.TRADING_KILL_SWITCH_RESET, names.TRADING_KILL_SWITCH_RESET_BY, by, "warn")

    @guard("kill switch disabled")
    def disable(self) -> None:
        """Disable an armed switch permanently. A tripped one stays tripped: only `reset` may end a trip."""
        with self._lock:
            if self.state == "armed":
                self._status.change("disabled")

    def _emit(self, event_name: str, key: str, text: str, severity: str) -> None:
        attributes = {names.TRADING_KILL_SWITCH_SCOPE: self.scope, key: described(text)}
        if self.strategy is not None:
            attributes[TRADING_STRATEGY_NAME] = self.strategy
        _emit(event_name, attributes, severity)


def _emit(event_name: str, attributes: dict[str, Any], severity: str) -> None:
    """Emit an event as a log record and on the current span; sampling keeps traces with such an event."""
    get_current_span().add_event(event_name, attributes)
    event(event_name, attributes, severity=severity)


def _utilization(used: float, limit: float) -> float | None:
    used_amount, limit_amount = numbers.number(used), numbers.number(limit)
    if used_amount is None or limit_amount is None:
        return None
    if limit_amount > 0:
        return max(0.0, used_amount / limit_amount)
    if limit_amount == 0:
        return 1.0 if used_amount > 0 else 0.0
    numbers.quantity(limit_amount)  # counts the negative limit as an invalid value
    return None
