"""COCO's JSON of instances: reading, rasterising, writing, and average precision.

rle.py        masks as run lengths, COCO's two spellings of them
polygons.py   polygons to masks, pixel for pixel as COCO's own tools
shape.py      the three ways in which an annotation tells its mask
parse.py      values of a JSON, checked, with the place told when they are wrong
dataset.py    `read_coco`: a file as frozen values, annotations grouped by image
write.py      `CocoWriter`: a data set from masks
precision.py  AP and AP50 a class
"""

from indexer.coco.dataset import CocoDataset, CocoImage, CocoInstance, read_coco
from indexer.coco.rle import Rle
from indexer.coco.write import CocoWriter

__all__ = ["CocoDataset", "CocoImage", "CocoInstance", "CocoWriter", "Rle", "read_coco"]
