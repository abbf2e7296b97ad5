"""One folder a page: what it shows."""
