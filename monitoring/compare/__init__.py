"""Two deployments or model versions side by side, and versions of the training data."""
