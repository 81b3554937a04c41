"""Values: one rule for what telemetry may carry, and one home for numbers, text and `error.type`."""
