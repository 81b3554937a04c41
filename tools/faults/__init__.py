"""Measures how a service behaves under faults: the figures of the reliability page, and the soak."""
