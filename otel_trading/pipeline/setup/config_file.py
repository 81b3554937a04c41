"""Configuration file: OpenTelemetry's declarative configuration, which replaces every `OTEL_*` variable.

https://opentelemetry.io/docs/specs/otel/configuration/sdk/
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from otel_trading.errors import ConfigurationError

if TYPE_CHECKING:
    from opentelemetry.configuration import OpenTelemetryConfiguration

_OURS = "otel_trading"


def load(path: str) -> OpenTelemetryConfiguration:
    """Read and check the file.

    Args:
        path: The value of `OTEL_CONFIG_FILE`.

    Raises:
        ConfigurationError: The package for such files is not installed, or the file is missing or not valid.
    """
    if find_spec("opentelemetry.configuration") is None:
        raise ConfigurationError(
            "OTEL_CONFIG_FILE needs a package that is not installed: pip install opentelemetry-configuration"
        )
    from opentelemetry.configuration import ConfigurationError as SdkConfigurationError  # noqa: PLC0415
    from opentelemetry.configuration import load_config_file  # noqa: PLC0415

    try:
        return load_config_file(path)
    except SdkConfigurationError as error:
        raise ConfigurationError(f"OTEL_CONFIG_FILE names {path!r}, which cannot be used: {error}") from None


def settings_in(config: OpenTelemetryConfiguration) -> Mapping[str, object]:
    """Return our own settings, which stand in the file under `distribution: {otel_trading: …}`."""
    return (config.distribution or {}).get(_OURS) or {}


def resource_in(config: OpenTelemetryConfiguration) -> dict[str, Any]:
    """Return the resource attributes of the file."""
    attributes = config.resource.attributes if config.resource else None
    return {attribute.name: attribute.value for attribute in attributes or [] if attribute.value is not None}


def apply(config: OpenTelemetryConfiguration, attributes: Mapping[str, str | int]) -> None:
    """Set OpenTelemetry's providers from the file, with our resource attributes that the file does not have.

    Raises:
        ConfigurationError: The file names a component that is not installed or does not work.
    """
    from opentelemetry.configuration import configure_sdk  # noqa: PLC0415
    from opentelemetry.configuration.models import AttributeNameValue, Resource  # noqa: PLC0415

    given = resource_in(config)
    config.resource = config.resource or Resource()
    config.resource.attributes = [
        *(config.resource.attributes or []),
        *(AttributeNameValue(key, value) for key, value in attributes.items() if key not in given),
    ]
    try:
        configure_sdk(config)
    except Exception as error:
        raise ConfigurationError(f"OTEL_CONFIG_FILE cannot be applied: {error}") from error
