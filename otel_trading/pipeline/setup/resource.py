"""Resource: the service, instance and environment that the telemetry of this process describes.

https://opentelemetry.io/docs/specs/otel/resource/sdk/
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from multiprocessing import parent_process
from typing import Final

from opentelemetry.sdk.resources import (
    PROCESS_PID,
    SERVICE_INSTANCE_ID,
    SERVICE_NAME,
    SERVICE_NAMESPACE,
    SERVICE_VERSION,
    OTELResourceDetector,
    Resource,
)

from otel_trading._entry_points import instance
from otel_trading.errors import ConfigurationError
from otel_trading.pipeline.clean.redact import redact_value
from otel_trading.pipeline.setup.settings import Settings

_DETECTORS: Final = "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS"
_DETECTOR: Final = "otel_trading"
_ENVIRONMENT: Final = "deployment.environment.name"


def build_resource(settings: Settings, version: str) -> Resource:
    """Return the resource of this process, from the settings, `OTEL_RESOURCE_ATTRIBUTES` and detectors.

    Raises:
        ConfigurationError: The service has no name.
    """
    found = Resource.create(attributes_of(settings, version, OTELResourceDetector().detect().attributes))
    return Resource(redact_value(dict(found.attributes)), found.schema_url)


def attributes_of(settings: Settings, version: str, given: Mapping[str, object]) -> dict[str, str | int]:
    """Return our attributes of the resource, and prepare the instance id of forked children.

    Args:
        settings: The settings in force.
        version: The version of this package.
        given: Attributes from other sources: the environment or a configuration file.

    Raises:
        ConfigurationError: The service has no name.
    """
    attributes: dict[str, str | int] = {
        **(settings.resource_attributes or {}),
        "telemetry.distro.name": "otel_trading",
        "telemetry.distro.version": version,
        PROCESS_PID: os.getpid(),
    }
    named = {
        SERVICE_NAME: settings.service_name,
        SERVICE_NAMESPACE: settings.service_namespace,
        SERVICE_VERSION: settings.service_version,
        SERVICE_INSTANCE_ID: settings.instance_id,
        _ENVIRONMENT: settings.environment,
    }
    attributes |= {key: value for key, value in named.items() if value is not None}
    known = {**given, **attributes}
    if not known.get(SERVICE_NAME):
        raise ConfigurationError(
            'The service has no name: call configure("execution-engine"), or set OTEL_SERVICE_NAME.'
        )
    namespace = known.get(SERVICE_NAMESPACE)
    default = instance.stable_id(str(known[SERVICE_NAME]), str(namespace) if namespace else None)
    name = str(known.get(SERVICE_INSTANCE_ID) or default)
    attributes[SERVICE_INSTANCE_ID] = instance.remember(name, is_spawned=parent_process() is not None)
    _register_detector()
    return attributes


def _register_detector() -> None:
    """Add our detector to the SDK's: without it, the SDK sets a random instance id in a forked child."""
    names = [name.strip() for name in os.environ.get(_DETECTORS, "").split(",") if name.strip()]
    if _DETECTOR not in names and "*" not in names:
        os.environ[_DETECTORS] = ",".join([*names, _DETECTOR])
