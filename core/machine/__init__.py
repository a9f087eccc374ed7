"""What this PC is like at the moment: on mains or battery, on a line that is paid by its bytes."""
