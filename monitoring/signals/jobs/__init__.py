"""Jobs: do they fail or wait?"""
