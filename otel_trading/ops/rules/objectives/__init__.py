"""Service level objectives: OpenSLO documents compiled to recording rules and burn-rate alerts."""
