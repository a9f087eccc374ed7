"""The scan and what it leaves out."""
