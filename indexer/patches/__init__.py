"""From the mask of a garment to patches of its cloth: rectangles, their quality, and enlarging the small ones."""
