"""Scripts that each run in a process of their own; the last line they print is a JSON object."""
