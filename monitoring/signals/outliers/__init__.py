"""Outliers: how many rows are unlike the training data?"""
