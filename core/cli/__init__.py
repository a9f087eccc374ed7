"""The command line: parse, call, print (docs/cli.md). Decides nothing about backups."""
