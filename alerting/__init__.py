"""Who is called, when, and in which words: the one list of learning alerts, and what is built from it."""
