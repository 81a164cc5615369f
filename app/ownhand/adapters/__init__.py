"""The outside world, one thing per module: mail files, the vault, the keyring, the worker processes."""
