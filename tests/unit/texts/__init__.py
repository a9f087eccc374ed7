"""Texts, numbers and dates in both languages."""
