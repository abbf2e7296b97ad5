"""Traffic: do requests succeed, and fast enough?"""
