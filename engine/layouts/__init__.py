"""Where a map puts things: one method a file, each usable alone, from unit rows to positions in the plane."""
