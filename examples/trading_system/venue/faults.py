"""Fault: a failure of the venue on demand, with a duration and a frequency.

http_5xx            requests get the answer `status`
http_429            requests get the answer 429 and a Retry-After of `retry_after` seconds
latency             answers are `delay` seconds late
refuse_connections  new requests and WebSockets lose their connection before any answer
half_open           new connections are accepted and stay silent; open streams turn silent
drop_connections    open WebSockets are closed, new ones are refused
feed_silent         every tick is withheld, while the connections stay open
sequence_gap        ticks are withheld, their numbers are skipped
crossed_quotes      quotes arrive with the bid above the ask
bad_quotes          quotes arrive with a price of zero, or without their other side
rejects             orders are accepted, and then rejected by a trade update
slippage            fills are worse by `bps` basis points, limit orders up to their limit
duplicate_fill      fills are reported twice, under the same execution id
adverse_move        prices move against the account's positions by `bps` basis points, and come back
clock_skew          the venue's clock is `offset` seconds ahead

`share` is the share of occasions that the fault hits, spread evenly: 0.1 hits every tenth one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from otel_trading.errors import nearest

PARAMETERS: dict[str, dict[str, float]] = {
    "http_5xx": {"status": 503, "share": 1.0},
    "http_429": {"retry_after": 1, "share": 1.0},
    "latency": {"delay": 0.5, "share": 1.0},
    "refuse_connections": {},
    "half_open": {},
    "drop_connections": {},
    "feed_silent": {},
    "sequence_gap": {"share": 0.1},
    "crossed_quotes": {"share": 0.1},
    "bad_quotes": {"share": 0.1},
    "rejects": {"share": 1.0},
    "slippage": {"bps": 20, "share": 1.0},
    "duplicate_fill": {"share": 1.0},
    "adverse_move": {"bps": 500},
    "clock_skew": {"offset": 1},
}


class FaultError(ValueError):
    """The venue does not know the fault, or does not accept its parameters."""


@dataclass
class Fault:
    """A fault that is active until `until`, in seconds of the clock of `Faults`."""

    name: str
    until: float
    parameters: dict[str, float]
    occasions: float = 0.0
    hits: int = 0

    def hit(self) -> bool:
        """Count an occasion, and return whether the fault hits it."""
        self.occasions += self.parameters["share"]
        if self.occasions < self.hits + 1 - 1e-9:  # the tolerance absorbs the rounding of the sum
            return False
        self.hits += 1
        return True


class Faults:
    """The active faults.

    Args:
        clock: Returns monotonic seconds, such as the event loop's time.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._active: dict[str, Fault] = {}

    def activate(self, request: Mapping[str, Any]) -> Fault:
        """Activate a fault; it replaces an active one of the same name.

        Args:
            request: `name`, `seconds`, and parameters of that fault.

        Returns:
            The active fault.

        Raises:
            FaultError: The request is invalid; the message is one sentence.
        """
        given = dict(request)
        name = str(given.pop("name", ""))
        if name not in PARAMETERS:
            raise FaultError(
                f"no fault {name!r}; there are {', '.join(PARAMETERS)}.{nearest(name, PARAMETERS)}"
            )
        seconds = _positive(name, "seconds", given.pop("seconds", None))
        parameters = dict(PARAMETERS[name])
        for key, value in given.items():
            if key not in parameters:
                raise FaultError(
                    f"fault {name} has no parameter {key!r}; it has {', '.join(['seconds', *parameters])}."
                    f"{nearest(key, ['seconds', *parameters])}"
                )
            parameters[key] = _positive(name, key, value)
        fault = self._active[name] = Fault(name, self._clock() + seconds, parameters)
        return fault

    def active(self, name: str) -> Fault | None:
        """Return the fault of a name if it is active now, else None."""
        fault = self._active.get(name)
        if fault is not None and self._clock() >= fault.until:
            del self._active[name]
            return None
        return fault

    def hit(self, name: str) -> Fault | None:
        """Return the fault of a name if it is active and hits this occasion, else None."""
        fault = self.active(name)
        return fault if fault is not None and fault.hit() else None

    def clear(self) -> None:
        """End every fault."""
        self._active.clear()

    def listing(self) -> list[dict[str, Any]]:
        """Return each active fault: its name, seconds left, parameters and hits so far."""
        return [
            {
                "name": name,
                "seconds_left": round(fault.until - self._clock(), 3),
                **fault.parameters,
                "hits": fault.hits,
            }
            for name in PARAMETERS
            if (fault := self.active(name))
        ]


def _positive(name: str, key: str, value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < float("inf"):
        return value
    raise FaultError(f"fault {name} needs {key} as a number above 0, not {value!r}")
