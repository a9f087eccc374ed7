"""The background process on real folders, disks and processes."""
