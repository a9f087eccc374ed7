"""Plans the tests work with. SAMPLE is the one the issue prints: it must work as written."""

from __future__ import annotations

SAMPLE = """\
version = 1
[[systems]]
id = "laden"
name = "Laden-PC"
mode = "own"                 # own | saas | hosted
rpo = "24h"
rto = "8h"
[[systems.sources]]
kind = "folders"
paths = ["/data/shop"]
exclude = ["*.tmp"]

[[destinations]]
id = "platte"
name = "USB-Platte A"
medium = "disk"              # disk | nas | cloud
site = "here"                # here | away
layout = "tree"              # tree | bundled; default follows the medium
encrypted = false
offline = false              # true: only attached for its copy
[destinations.location]
kind = "local"
path = "/mnt/a"

[[copies]]
system = "laden"
destination = "platte"
every = "1d"
keep = { daily = 14, weekly = 8, monthly = 24, yearly = 10 }
"""

SMALLEST = """\
[[systems]]
id = "laden"
[[systems.sources]]
paths = ["/data/shop"]
[[destinations]]
id = "platte"
location.path = "/mnt/a"
[[copies]]
system = "laden"
destination = "platte"
"""


def changed(old: str, new: str, text: str = SAMPLE) -> str:
    """The sample with one place changed; AssertionError unless it is there exactly once."""
    assert text.count(old) == 1, old
    return text.replace(old, new)
