"""What a merchant does, from the first command to the restored file."""
