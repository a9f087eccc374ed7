"""The copy engine on real folders, loop disks and FUSE."""
