"""Removes one clause of an alert or of a protection at a time, and reports the removals that no test notices.

`python -m tools.mutate alerts` and `python -m tools.mutate protections` share one engine.
"""
