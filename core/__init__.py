"""What Ladentresor does, without any window. DESIGN.md §2 says what lies in which folder."""

VERSION = "0.1.0"
