"""Events: typed structs, JSON Schemas, and decode from bytes to columns plus rejects."""
