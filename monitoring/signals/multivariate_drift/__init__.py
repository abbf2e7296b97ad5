"""Multivariate drift: can a window be told from its baseline by all features together?"""
