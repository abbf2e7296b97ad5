"""The page compare versions."""
