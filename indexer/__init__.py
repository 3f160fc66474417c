"""Writes catalogs."""
