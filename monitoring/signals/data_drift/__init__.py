"""Data drift: do the inputs of a model still look like its baseline?"""
