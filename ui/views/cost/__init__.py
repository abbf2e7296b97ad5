"""The page cost."""
