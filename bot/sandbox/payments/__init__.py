"""The stand-ins for payment providers: their APIs over real HTTP, a page to pay on, and signed webhooks."""
