"""Labels: attributes that a small head predicts from stored vectors, trained, measured and applied."""
