"""The page predictions."""
