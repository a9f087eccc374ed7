"""The plan: reading, judging, writing."""
