"""The terminal commands, run as people run them."""
