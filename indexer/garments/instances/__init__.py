"""Mask R-CNN for garments: each one found apart, with its own mask. Needs torch and torchvision.

description.py  what a network is: its classes, backbone and sizes, as kept beside its weights
kinds.py        class names of public data sets -> the kinds of a garment
lite0.py        EfficientNet-Lite0 as a backbone
backbones.py    any backbone with a feature pyramid
network.py      the whole network, its weights read and written
detect.py       pictures in, masks at their size out
samples.py      photos and instances of a COCO data set as the network learns from them
training.py     the loop that teaches it
scoring.py      AP and AP50 of a network on a data set
"""
