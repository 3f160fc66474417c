"""Kinds of garments: the network of the `kind` space, and its training."""
