"""The proof. Real server, real databases, real HTTP; the only fake is the sandbox that stands in for Meta."""
