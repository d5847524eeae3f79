"""The HTTP outside: webhook, health and metrics, over real sockets."""
