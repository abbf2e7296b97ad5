"""Prediction drift: are the predictions distributed as before?"""
