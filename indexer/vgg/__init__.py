"""VGG16's convolutional part: its layers, its shipped weights and the projection of its features."""
