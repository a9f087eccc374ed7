"""The window: pages, widgets, wizards, tray (offscreen)."""
