"""OpenTelemetry-native observability for algorithmic trading systems."""
