"""Files that people keep: made from what the database says, and never read back."""
