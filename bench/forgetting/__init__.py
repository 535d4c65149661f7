"""The parts of `classpulse bench memory-models`: histories, forecasts, fits, their quality, the chart."""
