"""Realized performance: how right the model is by the labels that have arrived."""
