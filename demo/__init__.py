"""The demo's parts: the stack that it starts, what it feeds in, and the view of what comes out."""
