"""What OpenTelemetry loads by entry point: leaves, because it loads them while it is being imported."""
