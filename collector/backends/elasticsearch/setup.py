"""Sets up a secured Elasticsearch: a user with the least privileges for each program; then runs `install`.

It reads the password of each user from the file `<user>_password` in /run/secrets.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from install import RefusedError, Server, install

SECRETS = Path(os.environ.get("SECRETS_DIR") or "/run/secrets")
_LOGS, _TRACES = ["trading-logs-*"], ["trading-jaeger-*"]
_WRITES = ["auto_configure", "create_index", "index", "create", "create_doc", "view_index_metadata"]

ROLES = {
    "otelcol": {"cluster": ["monitor"], "indices": [{"names": _LOGS, "privileges": _WRITES}]},
    "jaeger": {
        "cluster": ["monitor", "manage_index_templates"],
        "indices": [{"names": _TRACES, "privileges": [*_WRITES, "read"]}],
    },
    "reader": {
        "cluster": ["monitor"],
        "indices": [{"names": [*_LOGS, *_TRACES], "privileges": ["read", "view_index_metadata"]}],
    },
}


def set_up(server: Server) -> None:
    """Create the roles and users, or update those that exist.

    Args:
        server: A server whose credentials may manage users.

    Raises:
        RefusedError: The server refused a role or a user.
        OSError: The server cannot be reached, or a password file cannot be read.
    """
    for name, role in ROLES.items():
        server.ask("PUT", f"_security/role/trading_{name}", role)
        user = {"password": _password(name), "roles": [f"trading_{name}"]}
        server.ask("PUT", f"_security/user/{name}", user)
    server.ask("POST", "_security/user/kibana_system/_password", {"password": _password("kibana")})


def _password(name: str) -> str:
    return (SECRETS / f"{name}_password").read_text(encoding="utf-8").strip()


def main() -> int:
    """Set up the server, print the refusals, and return the exit code."""
    try:
        server = Server(os.environ)
        set_up(server)
        refused = install(server)
    except (OSError, RefusedError) as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    for sentence in refused:
        print(f"setup: {sentence}", file=sys.stderr)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
