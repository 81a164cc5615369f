"""Kinds of files, one module each; `adapters.importers` lists them."""
