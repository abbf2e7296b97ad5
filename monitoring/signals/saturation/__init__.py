"""Saturation: how near are machines to their limits?"""
