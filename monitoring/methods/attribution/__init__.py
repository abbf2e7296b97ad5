"""What a model relies on, and whether that has changed; each measure in a file."""
