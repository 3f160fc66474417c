"""Houndstooth."""
