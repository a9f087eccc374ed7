"""The program against real servers on this machine."""
