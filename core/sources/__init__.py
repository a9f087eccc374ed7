"""How each kind of system becomes files."""
