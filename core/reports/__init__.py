"""What is printed: pages of blocks (`pages`), written as PDF (`pdf`) or as plain text."""
