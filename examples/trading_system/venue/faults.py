"""Fault: what goes wrong at the venue on demand, for how long, and how often.

http_5xx            requests answer `status`
http_429            requests answer 429 and ask to wait `retry_after` seconds
latency             requests are answered `delay` seconds late
refuse_connections  new requests and WebSockets lose their connection before any answer
half_open           connections are accepted and stay silent, and so do the streams that are open
drop_connections    open WebSockets are closed, new ones are turned away
feed_silent         every tick is withheld, while the connections stay open
sequence_gap        ticks are withheld, their numbers are skipped
crossed_quotes      quotes arrive with the bid above the ask
bad_quotes          quotes arrive with a price of zero, or without their other side
rejects             orders are accepted by request and then rejected by trade update
slippage            fills are worse by `bps` basis points, limit orders up to their limit
duplicate_fill      fills are reported twice, under the same execution id
adverse_move        prices of what the account holds move against it by `bps` basis points, and come back
clock_skew          the venue's clock is `offset` seconds ahead

`share` is the part of the occasions that are hit, spread evenly: 0.1 is every tenth.
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
    """A fault that the venue does not have, or cannot have with these parameters."""


@dataclass
class Fault:
    """A fault in force until `until`, a time of the faults' clock in seconds."""

    name: str
    until: float
    parameters: dict[str, float]
    occasions: float = 0.0
    hits: int = 0

    def hit(self) -> bool:
        """Whether this occasion is one of the share that is hit."""
        self.occasions += self.parameters["share"]
        if self.occasions < self.hits + 1 - 1e-9:
            return False
        self.hits += 1
        return True


class Faults:
    """The faults in force.

    Args:
        clock: Seconds that only ever grow, such as the event loop's time.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._active: dict[str, Fault] = {}

    def activate(self, request: Mapping[str, Any]) -> Fault:
        """Put a fault in force; one of the same name is replaced.

        Args:
            request: `name`, `seconds`, and parameters of that fault.

        Returns:
            The fault.

        Raises:
            FaultError: One sentence about what is wrong with the request.
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
        """The fault of that name, if it is in force now."""
        fault = self._active.get(name)
        if fault is not None and self._clock() >= fault.until:
            del self._active[name]
            return None
        return fault

    def hit(self, name: str) -> Fault | None:
        """The fault of that name, if it is in force and hits this occasion."""
        fault = self.active(name)
        return fault if fault is not None and fault.hit() else None

    def clear(self) -> None:
        """End every fault."""
        self._active.clear()

    def listing(self) -> list[dict[str, Any]]:
        """What is in force: name, seconds left, parameters and hits so far."""
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
