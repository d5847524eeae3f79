"""Written conversations: `.chat` files that a shopkeeper can read, replayed through the whole bot; see `script`."""
