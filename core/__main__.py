"""`python -m core`: the command line."""

from __future__ import annotations

import gc
import sys

_OBJECTS_BETWEEN_COLLECTIONS = 20_000
"""Python's own 700 cost a short command a tenth of its time; we make no circles worth finding."""


def main() -> int:
    """Run the command line with this process's arguments; returns the exit code."""
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 20, 20)
    if sys.argv[1:] == ["agent-job"]:
        from core.cli.job import serve

        return serve()
    from core.cli.main import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
