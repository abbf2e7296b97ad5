"""Fairness: are groups of a feature treated alike?"""
