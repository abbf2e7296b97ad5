"""Collection: do records of the data collector arrive?"""
