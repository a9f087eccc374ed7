"""The window's fixtures serve journeys too."""

from tests.gui.conftest import collected_here, dressed, qapp_args

__all__ = ["collected_here", "dressed", "qapp_args"]
