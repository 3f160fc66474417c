"""Stores and answers."""
