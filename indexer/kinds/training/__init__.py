"""Trains the network of the `kind` space: `python -m indexer.kinds.training --help`."""
