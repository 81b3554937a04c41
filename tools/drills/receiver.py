"""Receiver: stands in for all receivers of Alertmanager, and records when each notification arrives."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Condition, Thread
from typing import Any

import yaml
from typing_extensions import Self

OF_PRODUCTION = ("slack_api_url_file", "smtp_smarthost", "smtp_from", "smtp_auth_username")
"""Settings of the replaced receivers."""


@dataclass(frozen=True)
class Notice:
    """One alert of one notification.

    Attributes:
        receiver: The name of the receiver in production.
        alert: The alert's name.
        status: "firing" or "resolved".
        labels: The labels of the alert.
        at: The time of its arrival, in seconds since the epoch.
    """

    receiver: str
    alert: str
    status: str
    labels: dict[str, str]
    at: float


class Receiver:
    """Accepts notifications on a free port of this machine.

    Attributes:
        notices: All notifications, oldest first.
        broken_for: The receiver whose notifications it refuses with 500, or None.
    """

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.broken_for: str | None = None
        self._came = Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        """The URL that it listens on; the path of a request is the name of a receiver."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait(self, wanted: Callable[[Notice], bool], patience: float) -> Notice | None:
        """Wait for a notice, unless it arrived already.

        Args:
            wanted: Returns whether a notice is the wanted one.
            patience: The longest wait, in seconds.

        Returns:
            The first wanted notice, or None.
        """
        found: list[Notice] = []

        def has_come() -> bool:
            found[:] = [notice for notice in self.notices if wanted(notice)]
            return bool(found)

        with self._came:
            self._came.wait_for(has_come, patience)
        return found[0] if found else None

    def break_for(self, receiver: str | None) -> None:
        """Refuse the notifications of a receiver; None refuses no more."""
        self.broken_for = receiver

    def take(self, receiver: str, payload: dict[str, Any]) -> None:
        """Record each alert of a notification."""
        now = time.time()
        with self._came:
            self.notices += [
                Notice(receiver, alert["labels"]["alertname"], alert["status"], alert["labels"], now)
                for alert in payload["alerts"]
            ]
            self._came.notify_all()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                name = self.path.strip("/")
                is_broken = name == receiver.broken_for
                if not is_broken:
                    receiver.take(name, json.loads(body))
                self.send_response(500 if is_broken else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def drilled(config: Path, url: str) -> dict[str, Any]:
    """Return Alertmanager's configuration with our receiver in place of every other; the routes stay.

    The route of P2 becomes faster: in production its mail waits five minutes, resolves within the hour, and
    leaves only in session.

    Args:
        config: The configuration file.
        url: The URL of our receiver.
    """
    content: dict[str, Any] = yaml.safe_load(config.read_text(encoding="utf-8"))
    content["global"] = {
        key: value
        for key, value in content["global"].items()
        if key not in OF_PRODUCTION and not key.endswith("_file")
    }
    content["receivers"] = [
        {
            "name": each["name"],
            "webhook_configs": [{"url": f"{url}/{each['name']}", "send_resolved": each["name"] != "deadman"}],
        }
        for each in content["receivers"]
    ]
    for route in content["route"]["routes"][-1]["routes"]:
        if route["receiver"] == "email":
            route.update(group_wait="15s", group_interval="1m")
            del route["active_time_intervals"]
    return content
