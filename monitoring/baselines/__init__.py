"""What production is compared with: training data, ordinary days, the period before."""
