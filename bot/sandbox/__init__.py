"""The stand-in for Meta, for people (a page that plays several phones) and for tests.

The bot reaches it through the ordinary base URL over real HTTP, and it knows nothing of the bot's database or code. What it
does is labelled *documented* (Meta says so), *observed* (seen in published captures) or *guess*; see `faults.py` and `webhooks.py`.
"""
