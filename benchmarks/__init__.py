"""Measurements of Leeway, some of them beside other tools in the same run."""
