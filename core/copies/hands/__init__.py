"""Those who read and write: processes, what travels to them and back, files as they are read."""
