"""Clients: is a caller refused?"""
