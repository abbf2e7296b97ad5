"""The numbers of outliers that a page shows before any is computed."""

#: Share of rows outside the training data above which it breaches.
OUTSIDE_SHARE = 0.01
