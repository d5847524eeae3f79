"""What Meta accepts, field by field and harder than it documents: a body that passes here is one that we may send.

No network and no state in here; what depends on the moment (window, pace, known templates) is checked by `bot/sandbox/graph.py`.
"""
