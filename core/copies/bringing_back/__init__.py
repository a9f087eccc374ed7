"""Back out of a copy: a state, a file, or all that a PC needs to know it again."""
