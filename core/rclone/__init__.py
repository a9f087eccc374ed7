"""The one adapter around the rclone process: nothing else in the program starts or knows rclone."""
