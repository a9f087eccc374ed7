"""SQLite: what was measured and done. All of it is a cache of the copies (DESIGN §1, promise 3)."""
