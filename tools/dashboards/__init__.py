"""Builds the dashboards of Grafana and Kibana from panels in Python, and draws them for the documentation."""
