"""What the models run on: traffic, saturation, clusters, jobs, data collection, cost and scale."""
