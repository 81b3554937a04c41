"""The stack without containers: builds the same programs, and runs them on the ports of `stack.env`.

Python's standard library is enough for it. `python -m native up` (in the folder above) starts everything.
"""
