"""The identity of this process, `service.instance.id` and `process.pid`, before and after a fork."""

from __future__ import annotations

import os
import socket
from uuid import UUID, uuid5

from opentelemetry.sdk.resources import PROCESS_PID, SERVICE_INSTANCE_ID, Resource, ResourceDetector

# the namespace that the semantic conventions reserve for `service.instance.id`:
# https://opentelemetry.io/docs/specs/semconv/registry/attributes/service/
_NAMESPACE = UUID("4d63009a-8d0f-11ee-aad7-4c796ed8e320")


class _Instance:
    """The identity of the configured process; a forked child inherits it."""

    def __init__(self) -> None:
        self.id: str | None = None
        self.pid = os.getpid()
        self.is_forked = False


_instance = _Instance()


def stable_id(service: str, namespace: str | None = None) -> str:
    """Return a name for the only instance of `service` on this host; a restart returns the same name."""
    return str(uuid5(_NAMESPACE, "/".join(filter(None, (socket.gethostname(), namespace, service)))))


def remember(instance_id: str, *, is_spawned: bool = False) -> str:
    """Store and return the name of this process; its forked children get `<name>-<pid>`.

    Args:
        instance_id: The name from the settings or the default, which the parent process may have as well.
        is_spawned: Whether `multiprocessing` started this process. It then appends its process id to the
            name, like a child that was forked from a named process.
    """
    pid = os.getpid()
    if _instance.id is not None and _instance.pid != pid:
        _instance.is_forked = True
    name = f"{instance_id}-{pid}" if is_spawned or _instance.is_forked else instance_id
    _instance.id, _instance.pid = name, pid
    return name


class InstanceDetector(ResourceDetector):
    """Names this process; without it, the SDK gives a forked child a random UUID as `service.instance.id`."""

    def is_process_dependent(self) -> bool:
        """Return True: the SDK calls `detect` again after a fork."""
        return True

    def detect(self) -> Resource:
        """Return the name of this process: in a forked child, the parent's name and the process id."""
        pid = os.getpid()
        name = _instance.id or stable_id(os.environ.get("OTEL_SERVICE_NAME") or "unknown_service")
        if pid != _instance.pid:
            name = f"{name}-{pid}"
        return Resource({SERVICE_INSTANCE_ID: name, PROCESS_PID: pid})
