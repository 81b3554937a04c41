"""The linter: proves that an alert rule can fire, in time, and resolve. Start reading at `linter`."""
