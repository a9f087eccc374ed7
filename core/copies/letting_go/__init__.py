"""Which states go, and with them what nobody needs any more."""
