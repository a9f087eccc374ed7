"""What rclone cannot ask of a bucket: locks, versions, delete markers (ADR 16)."""
