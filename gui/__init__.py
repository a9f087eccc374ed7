"""The window: Qt only here; asks core, decides nothing (DESIGN §2)."""
