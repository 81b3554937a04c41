"""Clean: make telemetry valid OTLP, redact secrets and bound sizes. Open `items` first."""
