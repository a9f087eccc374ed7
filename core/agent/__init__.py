"""The background process: what is due, the queue, the socket, disks that come and go (DESIGN §3).

Pure rules: `due`, `begin`, `conditions`, `queue`. Everything else touches the world.
"""

HANDED = frozenset(("backup", "verify", "prune", "restore"))
"""The verbs an agent does for whoever types them. All else only looks, or hears a secret from a
keyboard that the agent does not have."""
NOTE = "agent.json"
"""In a home's state folder: the note of its agent (`core.agent.note`)."""
