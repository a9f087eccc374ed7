"""Rules of the background process."""
