"""The stuck queue, judged on a log: what was truly stuck, how many of those called were, how much earlier."""
