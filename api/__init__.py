"""The gateway: events in over HTTP, answers and the live page out."""
