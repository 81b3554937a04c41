"""What can be proved about alert rules, and error budgets: reads files only; needs the extra `[ops]`."""
