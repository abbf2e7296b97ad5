"""What is computed once and used again: in memory while it is fresh, on disk until its sources change."""
