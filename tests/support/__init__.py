"""What the tests stand on: trees, disks, power cuts, the command line, a nose for secrets.

Nothing in here imports `core`: a helper that shares code with the program would share its mistakes.
"""
