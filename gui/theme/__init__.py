"""How the window looks: colours, type, icons, as data and pure functions."""
