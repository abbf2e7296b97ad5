"""The page fairness."""
