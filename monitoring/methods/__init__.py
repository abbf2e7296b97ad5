"""What looks at rows together: estimation, multivariate drift, outliers, attribution, root causes."""
