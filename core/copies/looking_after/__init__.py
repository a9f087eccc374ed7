"""Copies that stay true: verified, read back in turn, mended."""
