"""Performance without labels: estimated from a labelled reference, with a band, or refused in words."""
