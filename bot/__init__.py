"""THE SHELL: everything that waits, or knows the clock, the network, randomness or the environment."""
