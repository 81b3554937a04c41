"""Generates the committed files whose source is elsewhere: `python -m tools.generate [--check]`.

One module for each source: the registry (`vocabulary`), the table of settings (`settings`), the service level
objectives (`objectives`) and the panels (`dashboards`).
"""
