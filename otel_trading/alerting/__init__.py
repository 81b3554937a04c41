"""Alerting: can this rule fire, in time, and resolve? Reads files, no backend. Needs the extra `[ops]`."""
