"""One dashboard a module; each has `build()` and says what it is for."""
