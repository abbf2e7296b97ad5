"""The page performance."""
