"""Cost: are machines paid for that nobody needs?"""
