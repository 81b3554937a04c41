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
        self.is_forked = False


_instance = _Instance()


def stable_id(service: str, namespace: str | None = None) -> str:
    """Name the one instance of `service` on this host; a restart gets the same name."""
    return str(uuid5(_NAMESPACE, "/".join(filter(None, (socket.gethostname(), namespace, service)))))


def remember(instance_id: str, *, is_spawned: bool = False) -> str:
    """Name this process, and return its name; its forked children get `<name>-<pid>`.

    Args:
        instance_id: What its settings or the default call it, and may call its parent as well.
        is_spawned: Whether it is one of several that another process started: as one that was forked from a
            process with a name does, it appends its process id.
    """
    pid = os.getpid()
    if _instance.id is not None and _instance.pid != pid:
        _instance.is_forked = True
    name = f"{instance_id}-{pid}" if is_spawned or _instance.is_forked else instance_id
    _instance.id, _instance.pid = name, pid
    return name


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
