"""The page data quality."""
