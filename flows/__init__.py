"""RULES: values in, values out. Nothing here waits, reads the clock or knows of a network, a database or WhatsApp's JSON."""
