"""Class-days recomputed from the lake by SQL that shares no code with the flows, and compared with the tables."""
