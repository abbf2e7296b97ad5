"""The fleet as numbers: the state of every deployment's model, data and infrastructure."""
