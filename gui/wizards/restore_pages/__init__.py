"""The pages of the restore wizard, one module each."""
