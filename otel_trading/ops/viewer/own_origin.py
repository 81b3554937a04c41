"""Own origin: who may talk to a port of this machine: programs on it, and the page's own scripts.

A browser can be made to talk to 127.0.0.1 by any page it shows, also under a name that a foreign server
points there (DNS rebinding). Both show in headers that no script can forge: Host, Origin, Sec-Fetch-Site.
"""

from __future__ import annotations

from typing import Any, Final

FOREIGN_HOST: Final = "foreign host"
CROSS_SITE: Final = "cross-site request"


def refusal(headers: Any, port: int, *, is_page: bool = False) -> str | None:
    """Say why a request is refused.

    Args:
        headers: A mapping whose `get` does not look at case.
        port: Where the request arrived on 127.0.0.1.
        is_page: Whether a page lives there, whose own scripts may ask; else no script may.

    Returns:
        The reason; None if it may pass.
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
