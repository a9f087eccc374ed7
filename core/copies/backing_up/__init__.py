"""One run: compare, read, store at every copy, commit."""
