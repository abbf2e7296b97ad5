"""The nouns of Azure Machine Learning, without its SDK."""
