"""The scanner: from one buffer of JSON to numbers, codes and texts, without an object an event (ADR 35)."""
