"""The way to a copy, and whether it is the one we know and may write to."""
