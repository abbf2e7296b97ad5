"""The page incidents."""
