"""Disks that come and go: recognised by what they hold, copied when plugged in, ejected (A8)."""
