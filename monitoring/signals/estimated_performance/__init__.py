"""Estimated performance: how right the model is where labels have not arrived."""
