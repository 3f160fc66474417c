"""Training the network of garment masks; needs torch, timm and segmentation-models-pytorch (extra [train])."""
