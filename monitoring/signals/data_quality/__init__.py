"""Data quality: do the rows still look like rows that the model was made for?"""
