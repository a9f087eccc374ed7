"""Jobs the window asks for: one small port, and the command line as a child process behind it."""
