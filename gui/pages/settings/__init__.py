"""The page of everything that can be chosen, in four parts; each part is a module."""

from gui.pages.settings.page import SettingsPage, SettingsState

__all__ = ["SettingsPage", "SettingsState"]
