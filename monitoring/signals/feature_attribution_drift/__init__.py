"""Feature attribution drift: does the model rely on the same features as before?"""
