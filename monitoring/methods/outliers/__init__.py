"""Rows unlike anything in the training data, each way of telling in a file."""
