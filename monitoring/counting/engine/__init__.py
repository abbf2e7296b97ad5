"""Counting rows into profiles."""
