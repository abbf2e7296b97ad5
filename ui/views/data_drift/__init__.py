"""The page data drift."""
