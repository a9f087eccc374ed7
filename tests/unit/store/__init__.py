"""The SQLite files of a home: schema, failures, caches that may be lost."""
