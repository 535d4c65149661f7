"""What the `engagement` flow computes: activity windows, student state, scores and days, over columns."""
