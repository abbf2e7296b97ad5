"""The page baselines."""
