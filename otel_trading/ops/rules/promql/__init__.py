"""PromQL expressions: their structure, their labels, and the metrics that they may select."""
