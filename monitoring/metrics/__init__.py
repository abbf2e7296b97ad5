"""One metric a file, by family: drift, quality, performance, fairness."""
