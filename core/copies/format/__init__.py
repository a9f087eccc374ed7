"""The bytes of a copy (docs/format.md): names, documents, lists, contents; read and written."""
