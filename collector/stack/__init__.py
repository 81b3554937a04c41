"""Starts and stops the backends: in containers if Docker runs, else as native programs that it builds.

It needs only Python's standard library. `python -m stack up` (in the folder above) starts everything on the
ports of `stack.env`; `python -m stack up --native` never uses containers.
"""
