"""Small parts, each for itself; the whole folder runs in seconds (./test unit)."""
