"""Dashboards as code: built in Python, committed as Grafana's classic JSON, provisioned from files."""
