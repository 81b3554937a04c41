"""The backends, asked for what the Collector wrote to them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests

_TIMEOUT: Final = 5.0


@dataclass(frozen=True)
class Prometheus:
    """Prometheus at an address such as `http://127.0.0.1:9999`."""

    url: str

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the series of an instant query.

        Raises:
            requests.RequestException: It did not answer, or refused the expression.
        """
        answer = _get(f"{self.url}/api/v1/query", params={"query": expression})
        return list(answer["data"]["result"])

    def version(self) -> str:
        """Return its version."""
        return str(_get(f"{self.url}/api/v1/status/buildinfo")["data"]["version"])

    def clock_offset(self) -> float:
        """Return how many seconds its clock is ahead of ours, taken at the middle of the request."""
        before = time.time()
        theirs = float(_get(f"{self.url}/api/v1/query", params={"query": "time()"})["data"]["result"][0])
        return theirs - (before + time.time()) / 2


@dataclass(frozen=True)
class Jaeger:
    """Jaeger at an address such as `http://127.0.0.1:16686`."""

    url: str

    def trace(self, trace_id: str) -> dict[str, Any] | None:
        """Return a trace as its API has it (`spans`, `processes`), or None if it is not there.

        Raises:
            requests.RequestException: It did not answer.
        """
        answer = requests.get(f"{self.url}/api/traces/{trace_id}", timeout=_TIMEOUT)
        if answer.status_code == requests.codes.not_found:
            return None
        answer.raise_for_status()
        found = answer.json()["data"]
        return dict(found[0]) if found else None

    def services(self) -> list[str]:
        """Return the services it has spans of."""
        return list(_get(f"{self.url}/api/services")["data"] or [])


@dataclass(frozen=True)
class Elasticsearch:
    """Elasticsearch at an address such as `http://127.0.0.1:9200`.

    Attributes:
        url: The address.
        user: Who we are there, if it asks.
        password_file: Where the password stands.
        ca_file: The authority that its certificate is checked with, if the system does not know it.
    """

    url: str
    user: str | None = None
    password_file: str | None = None
    ca_file: str | None = None

    def search(self, query: dict[str, Any], size: int = 10) -> list[dict[str, Any]]:
        """Return the documents that a query finds in the logs' indices.

        Raises:
            requests.RequestException: It did not answer, or refused us.
            OSError: The password file cannot be read.
        """
        body = {"query": query, "size": size}
        url = f"{self.url}/trading-logs-*/_search"
        answer = requests.post(url, json=body, timeout=_TIMEOUT, **self._credentials())
        answer.raise_for_status()
        return [hit["_source"] for hit in answer.json()["hits"]["hits"]]

    def version(self) -> str:
        """Return its version, with the distribution's name where it has one."""
        answer = requests.get(self.url, timeout=_TIMEOUT, **self._credentials())
        answer.raise_for_status()
        version = answer.json()["version"]
        return " ".join(filter(None, [version.get("distribution"), version["number"]]))

    def _credentials(self) -> dict[str, Any]:
        given: dict[str, Any] = {}
        if self.user and self.password_file:
            given["auth"] = (self.user, Path(self.password_file).read_text(encoding="utf-8").strip())
        if self.ca_file:
            given["verify"] = self.ca_file
        return given


def _get(url: str, params: dict[str, str] | None = None) -> Any:
    answer = requests.get(url, params=params, timeout=_TIMEOUT)
    answer.raise_for_status()
    return answer.json()
