"""The engine: scan → compare → store → commit → verify → restore → adopt (DESIGN §5)."""
