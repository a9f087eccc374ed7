"""The window's fixtures serve journeys too."""

from tests.gui.conftest import dressed, qapp_args

__all__ = ["dressed", "qapp_args"]
