"""Configuration: what does it leave unseen?"""
