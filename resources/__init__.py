"""What ships with the program and is no code: catalogue, icons, fonts, translations."""
