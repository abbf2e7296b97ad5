"""What the product has measured, in its database: evaluations, events, incidents, and who is at work."""
