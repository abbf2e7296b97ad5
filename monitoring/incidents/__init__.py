"""Breaches and events told as one story: what happened, since when, for whom, and what coincides with it."""
