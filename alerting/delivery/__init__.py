"""Telling Grafana and Alertmanager where messages go, and trying whether they get there."""
