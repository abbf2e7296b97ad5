"""What users put in force: baselines, thresholds, expected values, and who did what when."""
