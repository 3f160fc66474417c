"""From how many rows on neighbours are worth laying out by."""

FEWEST = 8
"""Rows that t-SNE and UMAP need; fewer are laid out by PCA, which a map's parameters then say."""
