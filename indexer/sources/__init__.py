"""Readers of what people own: one a file."""
