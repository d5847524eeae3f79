"""Payment providers: what they are called for, how they report, and the loop that calls them."""
