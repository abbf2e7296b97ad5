"""One file per monitoring question: sources and metrics in, MetricResults out."""
