"""Rows into totals that add up: profiles, counts, outcomes."""
