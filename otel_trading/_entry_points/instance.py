"""The instance: who this process is, also after a fork, as `service.instance.id` and `process.pid`."""

from __future__ import annotations

import os
import socket
from uuid import UUID, uuid5

from opentelemetry.sdk.resources import PROCESS_PID, SERVICE_INSTANCE_ID, Resource, ResourceDetector

# the namespace that the semantic conventions reserve for `service.instance.id`
_NAMESPACE = UUID("4d63009a-8d0f-11ee-aad7-4c796ed8e320")


class _Instance:
    """Who the process is that was configured, which a forked child remembers."""

    def __init__(self) -> None:
        self.id: str | None = None
        self.pid = os.getpid()


_instance = _Instance()


def stable_id(service: str, namespace: str | None = None) -> str:
    """Name the one instance of `service` on this host; a restart gets the same name."""
    return str(uuid5(_NAMESPACE, "/".join(filter(None, (socket.gethostname(), namespace, service)))))


def remember(instance_id: str | None) -> None:
    """Make `instance_id` the name of this process; its forked children get `<instance_id>-<pid>`."""
    _instance.id = instance_id
    _instance.pid = os.getpid()


class InstanceDetector(ResourceDetector):
    """Names a forked child, where the SDK would overwrite `service.instance.id` with a random UUID."""

    def is_process_dependent(self) -> bool:
        """Have the SDK ask again after a fork."""
        return True

    def detect(self) -> Resource:
        """Return the name of this process, under whichever name its parent had."""
        pid = os.getpid()
        name = _instance.id or stable_id(os.environ.get("OTEL_SERVICE_NAME") or "unknown_service")
        if pid != _instance.pid:
            name = f"{name}-{pid}"
        return Resource({SERVICE_INSTANCE_ID: name, PROCESS_PID: pid})
