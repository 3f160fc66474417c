"""The categories that the network of the `kind` space was taught to tell apart."""

from __future__ import annotations

CATEGORIES = ("dress", "hat", "longsleeve", "outwear", "pants", "shirt", "shoes", "shorts", "skirt", "t-shirt")
"""Folder names of the CC0 collection, in the order of the scores."""
