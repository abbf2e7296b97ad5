"""The page compute."""
