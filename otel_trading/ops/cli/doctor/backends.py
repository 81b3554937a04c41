"""The backends: queries them for the data that the Collector wrote."""

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
            requests.RequestException: Prometheus did not answer, or refused the expression.
        """
        answer = _get(f"{self.url}/api/v1/query", params={"query": expression})
        return list(answer["data"]["result"])

    def version(self) -> str:
        """Return the version of Prometheus."""
        return str(_get(f"{self.url}/api/v1/status/buildinfo")["data"]["version"])

    def clock_offset(self) -> float:
        """Return the seconds that its clock is ahead of ours, measured at the middle of the request."""
        before = time.time()
        theirs = float(_get(f"{self.url}/api/v1/query", params={"query": "time()"})["data"]["result"][0])
        return theirs - (before + time.time()) / 2


@dataclass(frozen=True)
class Jaeger:
    """Jaeger at an address such as `http://127.0.0.1:16686`."""

    url: str

    def trace(self, trace_id: str) -> dict[str, Any] | None:
        """Return a trace in the format of Jaeger's API (`spans`, `processes`), or None if it is missing.

        Raises:
            requests.RequestException: Jaeger did not answer.
        """
        answer = requests.get(f"{self.url}/api/traces/{trace_id}", timeout=_TIMEOUT)
        if answer.status_code == requests.codes.not_found:
            return None
        answer.raise_for_status()
        found = answer.json()["data"]
        return dict(found[0]) if found else None

    def services(self) -> list[str]:
        """Return the names of the services with spans in Jaeger."""
        return list(_get(f"{self.url}/api/services")["data"] or [])


@dataclass(frozen=True)
class Elasticsearch:
    """Elasticsearch at an address such as `http://127.0.0.1:9200`.

    Attributes:
        url: The address.
        user: The user name, or None for anonymous access.
        password_file: The file with the password.
        ca_file: The file with the CA certificate, or None to use those of the system.
    """

    url: str
    user: str | None = None
    password_file: str | None = None
    ca_file: str | None = None

    def search(self, query: dict[str, Any], size: int = 10) -> list[dict[str, Any]]:
        """Return the documents that match a query in the indices of the logs.

        Raises:
            requests.RequestException: Elasticsearch did not answer, or refused the request.
            OSError: The password file cannot be read.
        """
        body = {"query": query, "size": size}
        url = f"{self.url}/trading-logs-*/_search"
        answer = requests.post(url, json=body, timeout=_TIMEOUT, **self._credentials())
        answer.raise_for_status()
        return [hit["_source"] for hit in answer.json()["hits"]["hits"]]

    def version(self) -> str:
        """Return the version, after the name of the distribution if there is one."""
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
