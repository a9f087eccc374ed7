"""All tests of the program; README.md says how they are tiered."""
