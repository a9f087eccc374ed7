"""The background process: what is due, the queue, the socket, disks that come and go (DESIGN §3).

Pure rules: `due`, `begin`, `conditions`, `queue`. Everything else touches the world.
"""
