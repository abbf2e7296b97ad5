"""Clusters: are cores left, and nodes usable?"""
