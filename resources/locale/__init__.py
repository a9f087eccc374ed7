"""The catalogue of `core.texts`: German is the source, `en/LC_MESSAGES` the translation."""
