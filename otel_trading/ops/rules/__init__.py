"""Proofs about alert rules, and rules for error budgets. Reads files only; needs the extra `[ops]`."""
