"""Measurements, not judgements (./test bench)."""
