"""At risk, as known then: weekly chances that a student of a course fails or leaves, by what was known that week."""
