"""Windows: the time windows of the burn-rate alerts, and their factors by the session hours of a market.

The method is https://sre.google/workbook/alerting-on-slos/; the file format is that of
`alerts/slo/windows.yaml`.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Final, NamedTuple

from otel_trading.errors import ConfigurationError
from otel_trading.ops.rules.documents import Document, read
from otel_trading.ops.rules.objectives.session import Sessions, sessions
from otel_trading.ops.rules.objectives.slo import OCCURRENCES, TIMESLICES, Slo
from otel_trading.ops.rules.rule_file import duration

_FEWEST_EVALUATIONS: Final = 4
"""A rate or a sum over fewer samples than this jumps with each late sample."""


class Window(NamedTuple):
    """A pair of windows.

    Attributes:
        long: The window that must have spent `budget`, such as `1h`.
        short: The window that must still burn at `factor`, so that the alert ends soon after its cause.
        budget: Share of the period's error budget, between 0 and 1.
        factor: The burn rate that spends `budget` within the session hours of `long`.
    """

    long: str
    short: str
    budget: float
    factor: float


class BurnAlert(NamedTuple):
    """One alert.

    Attributes:
        name: The alert's name.
        severity: The label `severity`.
        priority: The label `priority`.
        interval: The interval between two sums of its windows, such as `15s`.
        windows: The pairs; each of them can raise the alert.
    """

    name: str
    severity: str
    priority: str
    interval: str
    windows: tuple[Window, ...]

    @property
    def lengths(self) -> list[str]:
        """The lengths of all windows of the alert, the shortest first."""
        return sorted({length for w in self.windows for length in (w.short, w.long)}, key=duration)


class Policy(NamedTuple):
    """The windows and alerts that all objectives share.

    Attributes:
        place: The name of the file in errors.
        calendar: The market's name in `exchange_calendars`.
        years: The first and the last year of the averaged sessions.
        period: The period of a budget, such as `30d`.
        period_hours: The mean session hours of the period.
        interval: The interval between two counts of events.
        rate_window: The window of the rates of counters.
        last_state: How long the last reported state of a session is valid.
        minimum_bad: The number of bad events or slices that an alert requires, by budgeting method.
        alerts: The fast and the slow alert.
    """

    place: str
    calendar: str
    years: tuple[int, int]
    period: str
    period_hours: float
    interval: str
    rate_window: str
    last_state: str
    minimum_bad: dict[str, int]
    alerts: tuple[BurnAlert, ...]


def factor(budget: float, period_hours: float, window_hours: float) -> float:
    """Return the burn rate that spends a share of the budget within a window.

    The workbook derives the factor from clock hours; here both sides are session hours, because a closed
    market has no events: https://sre.google/workbook/alerting-on-slos/#4-alert-on-burn-rate

    Args:
        budget: The share, between 0 and 1.
        period_hours: Session hours of the whole period.
        window_hours: Session hours of the window.

    Returns:
        The factor: 14.4 for 2 % in one of 720 hours; 2.73 if only 136.5 of them are in session.
    """
    return budget * period_hours / window_hours


def load(path: Path) -> Policy:
    """Read the windows.

    Args:
        path: `windows.yaml`.

    Raises:
        ConfigurationError: A key is missing or wrong, the calendar is unknown, or a factor is at most 1.
    """
    document = read(path)[0]
    years = document.get("years.first", int), document.get("years.last", int)
    try:
        market = sessions(document.get("calendar", str), *years)
    except ConfigurationError as error:
        raise ConfigurationError(f"{document.place}: {error}") from None
    alerts = range(len(document.get("alerts", list)))
    return Policy(
        place=document.place,
        calendar=document.get("calendar", str),
        years=years,
        period=document.get("period", str),
        period_hours=round(market.mean(_duration(document, "period")), 1),
        interval=document.get("interval", str),
        rate_window=_window_length(document, "rate_window"),
        last_state=_window_length(document, "last_state"),
        minimum_bad={m: document.get(f"minimum_bad.{m}", int) for m in (OCCURRENCES, TIMESLICES)},
        alerts=tuple(_alert(document, f"alerts.{n}", market) for n in alerts),
    )


def check(policy: Policy, slos: list[Slo]) -> None:
    """Check that these windows fit every objective.

    Raises:
        ConfigurationError: An objective has another period, or a target so low that no burn rate reaches a
            factor.
    """
    for slo in slos:
        if slo.period != policy.period:
            raise ConfigurationError(
                f"{slo.place}: spec.timeWindow.0.duration is {slo.period!r}, "
                f"must be {policy.period!r} as in {policy.place}"
            )
        highest = max(window.factor for alert in policy.alerts for window in alert.windows)
        if highest * (1 - slo.target) >= 1:
            raise ConfigurationError(
                f"{slo.place}: spec.objectives.0.target is {slo.target}: with every event bad its budget "
                f"burns {1 / (1 - slo.target):.1f} times too fast, {policy.place} requires {highest:.1f}. "
                f"Must be above {1 - 1 / highest:.4f}"
            )


def _alert(document: Document, path: str, market: Sessions) -> BurnAlert:
    windows = range(len(document.get(f"{path}.windows", list)))
    return BurnAlert(
        name=document.get(f"{path}.name", str),
        severity=document.choose(f"{path}.severity", ("critical", "warning", "info")),
        priority=document.choose(f"{path}.priority", ("P0", "P1", "P2")),
        interval=document.get(f"{path}.interval", str),
        windows=tuple(_window(document, f"{path}.windows.{n}", market) for n in windows),
    )


def _window(document: Document, path: str, market: Sessions) -> Window:
    budget = document.get(f"{path}.budget", float)
    period_hours = market.mean(_duration(document, "period"))
    hours = market.usual(_duration(document, f"{path}.long"))
    needed = factor(budget, period_hours, hours)
    if needed <= 1:
        raise document.error(
            f"{path}.budget",
            f"is {budget}, which is a burn rate of {needed:.2f}, and the objective allows 1. "
            f"Must be above {hours / period_hours:.3f}",
        )
    long, short = (_window_length(document, f"{path}.{key}") for key in ("long", "short"))
    return Window(long, short, budget, round(needed, 3))


def _window_length(document: Document, path: str) -> str:
    fewest = _FEWEST_EVALUATIONS * _duration(document, "interval")
    if _duration(document, path) < fewest:
        given = document.get(path, str)
        raise document.error(
            path,
            f"is {given!r}, must be at least {fewest.seconds}s, {_FEWEST_EVALUATIONS} times the interval",
        )
    return document.get(path, str)


def _duration(document: Document, path: str) -> timedelta:
    given = document.get(path, str)
    try:
        return timedelta(seconds=duration(given))
    except ValueError:
        raise document.error(path, f"is {given!r}, must be a duration such as 15m") from None
