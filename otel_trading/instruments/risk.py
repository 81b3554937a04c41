"""Risk: the gate an order passes, the limits it is held against, and the switch that stops everything."""

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
        reason: What `fail` was told.
    """

    __slots__ = ("_type", "reason", "result")

    def __init__(self, opened: Opened, check_type: str) -> None:
        super().__init__(opened, metrics.risk_check_duration.bind(check_type=check_type))
        self._type = check_type
        self.result = "pass"
        self.reason = ""

    def fail(self, reason: str = "") -> None:
        """Refuse the order.

        Args:
            reason: Why; it goes on the span, never on a metric.
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
    """The pre-trade checks of one scope, and the limits they are about.

        gate = RiskGate()
        with gate.check("position") as check:
            if abs(position + order.quantity) > 1_000:
                check.fail("above 1000 shares")
        if check.result == "fail": ...
        gate.limit("daily_loss", used=-pnl, limit=5_000)

    Args:
        scope: What the limits are for: "order", "strategy", "account", "symbol" or "venue".

    Raises:
        LabelError: The scope is no text, or empty.
    """

    def __init__(self, scope: str = "strategy") -> None:
        self.scope = _arguments.name(scope, "RiskGate(scope)")
        self._breached: set[tuple[str, str]] = set()
        self._lock = renewed_lock()

    def check(self, type: str) -> RiskCheck:
        """Time one check, and count its result.

        If the block raises, the check did not run: it counts neither as passed nor as failed, and its
        duration carries the `error.type` in place of a result.

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
        """State how much of a limit is used; used / limit = 1 is a breach.

        A breach is counted once, when the limit is reached, and again only after it was below 1 in between.
        There is one series per type and scope: where several strategies or symbols share a scope, pass
        the one that is nearest to its limit.

        Args:
            limit_type: "daily_loss", "position", "gross_exposure", "leverage", "var", "margin",
                "order_rate" or "api_quota".
            used: How much of it is used, in the limit's unit; below zero (a profit) counts as zero.
            limit: The limit, in the same unit; 0 allows nothing, so that any use of it is a breach.
            scope: In place of the gate's own.
        """
        ratio = _utilization(used, limit)
        if ratio is None:
            return
        kind = _arguments.word(metrics.risk_limit_utilization, "limit_type", limit_type)
        where = _arguments.word(metrics.risk_limit_utilization, "limit_scope", scope or self.scope)
        with self._lock:
            metrics.risk_limit_utilization.bind(limit_type=kind, limit_scope=where).set(ratio)
            if ratio < 1:
                self._breached.discard((kind, where))
            elif (kind, where) not in self._breached:
                self._breached.add((kind, where))
                self._breach(kind, where, ratio)

    def _breach(self, kind: str, scope: str, ratio: float) -> None:
        metrics.risk_limit_breached.bind(limit_type=kind, limit_scope=scope).add()
        attributes = {
            names.TRADING_RISK_LIMIT_TYPE: kind,
            names.TRADING_RISK_LIMIT_SCOPE: scope,
            names.TRADING_RISK_LIMIT_UTILIZATION: ratio,
        }
        _tell(names.TRADING_RISK_LIMIT_BREACHED, attributes, "error")


class KillSwitch:
    """The switch that stops trading: latched, so that only a person's `reset` arms it again.

        switch = KillSwitch(strategy="mm")
        if loss > 5_000:
            switch.trip("daily loss")
        if not switch.tripped: ...

    Args:
        scope: What it stops: "strategy", "account", "venue" or "firm".
        strategy: The strategy it stops, where there is one.

    Raises:
        LabelError: A name is no text, or empty.
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
        """Whether it is tripped: no order may leave."""
        return self.state == "tripped"

    @property
    def state(self) -> str:
        """One of "armed", "tripped" and "disabled"."""
        return self._status.state

    @guard("kill switch tripped")
    def trip(self, reason: str) -> None:
        """Trip the switch; while it is tripped or disabled this changes nothing.

        Args:
            reason: Why, for the event.
        """
        with self._lock:
            if self.state == "armed":
                self._status.change("tripped")
                self._tell(
                    names.TRADING_KILL_SWITCH_TRIPPED, names.TRADING_KILL_SWITCH_REASON, reason, "fatal"
                )
            elif self.state == "disabled":
                warn("kill_switch:disabled", "otel_trading: a disabled kill switch was not tripped")

    @guard("kill switch reset")
    def reset(self, by: str) -> None:
        """Arm the switch again, if it is tripped.

        Args:
            by: Who decided it, for the event.
        """
        with self._lock:
            if self.tripped:
                self._status.change("armed")
                self._tell(names.TRADING_KILL_SWITCH_RESET, names.TRADING_KILL_SWITCH_RESET_BY, by, "warn")

    @guard("kill switch disabled")
    def disable(self) -> None:
        """Put an armed switch out of use, for good; a tripped one stays tripped, or this were a way round."""
        with self._lock:
            if self.state == "armed":
                self._status.change("disabled")

    def _tell(self, event_name: str, key: str, text: str, severity: str) -> None:
        attributes = {names.TRADING_KILL_SWITCH_SCOPE: self.scope, key: described(text)}
        if self.strategy is not None:
            attributes[TRADING_STRATEGY_NAME] = self.strategy
        _tell(event_name, attributes, severity)


def _tell(event_name: str, attributes: dict[str, Any], severity: str) -> None:
    """Put an event into the log, and on the current span: sampling keeps a trace that has one."""
    get_current_span().add_event(event_name, attributes)
    event(event_name, attributes, severity=severity)


def _utilization(used: float, limit: float) -> float | None:
    taken, allowed = numbers.number(used), numbers.number(limit)
    if taken is None or allowed is None:
        return None
    if allowed > 0:
        return max(0.0, taken / allowed)
    if allowed == 0:
        return 1.0 if taken > 0 else 0.0
    numbers.quantity(allowed)  # counts it
    return None
