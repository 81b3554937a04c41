"""The linter: can an alert rule fire, in time, and resolve? Open `linter` first."""
