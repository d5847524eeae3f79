"""PERSISTENCE: the only importer of tortoise. Each file: its …Row classes, then the verbs on them."""
