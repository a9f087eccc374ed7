"""Small parts of the adapter around rclone."""
