"""Conversion of values for telemetry: the one home of the rules for numbers, text, times and `error.type`."""
