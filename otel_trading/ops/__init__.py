"""Programs for people, beside the trading process; nothing outside this folder imports it."""
