"""Outliers: how many rows are unlike the training data?"""

#: Share of rows outside the training data above which it breaches.
OUTSIDE_SHARE = 0.01
