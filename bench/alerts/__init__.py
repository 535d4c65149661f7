"""What alerts cost, and how often they would have called: backtests over simulated weeks and a real log."""
