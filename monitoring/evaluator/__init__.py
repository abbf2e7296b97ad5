"""Evaluates what is due on each signal's grid, keeps it, and folds it into incidents."""
