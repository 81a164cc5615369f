"""What Ownhand knows, in plain values and functions: standard library only, no Qt, no I/O."""
