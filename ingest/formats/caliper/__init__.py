"""Caliper events of versions 1.1 and 1.2, in envelopes and by themselves."""
