"""Service level objectives: OpenSLO documents compiled into recording rules and burn-rate alerts."""
