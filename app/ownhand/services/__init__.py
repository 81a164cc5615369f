"""What Ownhand does: the use cases, free of Qt. They receive their ports by constructor."""
