"""The pattern of a patch of cloth: rendered designs to learn from, the network, its training and its file."""
