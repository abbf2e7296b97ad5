"""The page request."""
