"""Backtests of alert rules."""
