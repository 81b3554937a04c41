"""Settings: the addresses and keys of the system's parts, read from the environment once at the start."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

DRILL_URL = "TRADING_DRILL_URL"
"""The variable of `SystemSettings.drill_url`."""

_ENDPOINT = re.compile(r"(tcp://[^:/\s]+:\d{1,5}|ipc://\S+)")


class SettingsError(Exception):
    """The system cannot start with a setting; the message is one sentence."""


@dataclass(frozen=True)
class SystemSettings:
    """The addresses, symbols and keys of the system.

    Attributes:
        venue_url: The venue's HTTP address; its WebSockets are on the same port.
        ticks_url: ZeroMQ, PUB/SUB: market data to signal bridge and risk manager.
        signals_url: ZeroMQ, PUSH/PULL: signal bridge to risk manager.
        orders_url: ZeroMQ, PUSH/PULL: risk manager to execution engine.
        fills_url: ZeroMQ, PUSH/PULL: execution engine to risk manager.
        symbols: The symbols that the system trades.
        seed: The seed of the market that the model is trained on.
        key_id: The API key for the venue.
        secret_key: The secret of that key.
        drill_url: ZeroMQ, XPUB/SUB: the leader of a drill to every service; empty without a drill.
    """

    venue_url: str
    ticks_url: str
    signals_url: str
    orders_url: str
    fills_url: str
    symbols: tuple[str, ...]
    seed: int
    key_id: str
    secret_key: str
    drill_url: str

    @property
    def stream_url(self) -> str:
        """The venue's address for WebSockets."""
        return "ws" + self.venue_url.removeprefix("http")

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> SystemSettings:
        """Read the settings.

        Args:
            environ: The variables. A missing or empty one gets the default for a system on one machine.

        Raises:
            SettingsError: A variable has a value of the wrong form.
        """
        return cls(
            venue_url=_matching(environ, "TRADING_VENUE_URL", "http://127.0.0.1:8710", r"https?://\S+"),
            ticks_url=_matching(environ, "TRADING_TICKS_URL", "tcp://127.0.0.1:5561", _ENDPOINT),
            signals_url=_matching(environ, "TRADING_SIGNALS_URL", "tcp://127.0.0.1:5562", _ENDPOINT),
            orders_url=_matching(environ, "TRADING_ORDERS_URL", "tcp://127.0.0.1:5563", _ENDPOINT),
            fills_url=_matching(environ, "TRADING_FILLS_URL", "tcp://127.0.0.1:5564", _ENDPOINT),
            symbols=tuple(
                _matching(environ, "TRADING_SYMBOLS", "IBM,AAPL,MSFT", r"[A-Z.]+(,[A-Z.]+)*").split(",")
            ),
            seed=int(_matching(environ, "TRADING_SEED", "7", r"\d{1,9}")),
            key_id=environ.get("APCA_API_KEY_ID") or "demo-key",
            secret_key=environ.get("APCA_API_SECRET_KEY") or "demo-secret",
            drill_url=_drill_url(environ),
        )


def _drill_url(environ: Mapping[str, str]) -> str:
    default = "tcp://127.0.0.1:5565"
    return _matching(environ, DRILL_URL, default, _ENDPOINT) if environ.get(DRILL_URL) else ""


def _matching(environ: Mapping[str, str], name: str, default: str, pattern: str | re.Pattern[str]) -> str:
    value = environ.get(name) or default
    if not re.fullmatch(pattern, value):
        raise SettingsError(f"{name} is {value!r}, which does not look like {default!r}.")
    return value
