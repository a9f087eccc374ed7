"""Step by step: bringing data back, setting up."""
