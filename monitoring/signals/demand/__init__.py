"""Demand: do requests come as they usually do?"""
