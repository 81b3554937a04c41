"""Own origin: allows requests only from programs on this machine and from the page's own scripts.

Any page in a browser can send requests to 127.0.0.1, also under a foreign name that resolves to 127.0.0.1
(DNS rebinding). Such requests are visible in headers that a script cannot forge: Host, Origin, Sec-Fetch-Site
(https://developer.mozilla.org/docs/Glossary/Forbidden_request_header).
"""

from __future__ import annotations

from typing import Any, Final

FOREIGN_HOST: Final = "foreign host"
CROSS_SITE: Final = "cross-site request"


def refusal(headers: Any, port: int, *, is_page: bool = False) -> str | None:
    """Return the reason why a request must be refused.

    Args:
        headers: A mapping whose `get` ignores the case of names.
        port: The port of 127.0.0.1 at which the request arrived.
        is_page: Whether the port serves a page, whose own scripts may send requests; else no script may.

    Returns:
        The reason; None if the request is allowed.
    """
    hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
    if headers.get("host", "") not in hosts:
        return FOREIGN_HOST
    origins = {f"http://{host}" for host in hosts} if is_page else set()
    sites = {"none", "same-origin"} if is_page else set()
    for name, allowed in (("origin", origins), ("sec-fetch-site", sites)):
        if (given := headers.get(name)) is not None and given not in allowed:
            return CROSS_SITE
    return None
