"""Painted and composed parts that pages are made of; they decide nothing."""
