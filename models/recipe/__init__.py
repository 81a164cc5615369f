"""How `ownhand-100m` is made: sources to text, text to examples and tokens, tokens to weights, weights to GGUF.

Run from `models/`: ``python -m recipe data``, ``python -m recipe train``, ``python -m recipe export``.
"""
