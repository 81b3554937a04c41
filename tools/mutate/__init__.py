"""Removes one clause at a time, of an alert or of a protection, and reports each that no test notices.

`python -m tools.mutate alerts` and `python -m tools.mutate protections`: two front ends of one engine.
"""
