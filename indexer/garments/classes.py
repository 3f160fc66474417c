"""What a pixel of a photo can be: ten classes, and the labels of public data sets that fall into each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

CLASSES: Final = (
    "background", "person", "top", "outer", "dress", "trousers", "skirt", "footwear", "bag", "accessory",
)  # fmt: skip
"""The classes in the order of the network's channels. A person is skin, hair and face."""
GARMENTS: Final = ("top", "outer", "dress", "trousers", "skirt", "footwear", "bag", "accessory")
"""The classes that can be a product."""

CLOTHING_PARSING: Final[dict[str, Sequence[str]]] = {
    "background": ("null",),
    "person": ("hair", "skin"),
    "top": (
        "blouse", "bodysuit", "bra", "hoodie", "intimate", "jumper", "shirt", "sweater", "sweatshirt", "swimwear",
        "t-shirt", "top",
    ),
    "outer": ("blazer", "cape", "cardigan", "coat", "jacket", "suit", "vest"),
    "dress": ("dress", "romper"),
    "trousers": ("jeans", "leggings", "panties", "pants", "shorts", "stockings", "tights"),
    "skirt": ("skirt",),
    "footwear": (
        "boots", "clogs", "flats", "heels", "loafers", "pumps", "sandals", "shoes", "sneakers", "socks", "wedges",
    ),
    "bag": ("bag", "purse", "wallet"),
    "accessory": (
        "accessories", "belt", "bracelet", "earrings", "glasses", "gloves", "hat", "necklace", "ring", "scarf",
        "sunglasses", "tie", "watch",
    ),
}  # fmt: skip
"""Class -> the labels it takes in, of the 59 of Clothing Co-Parsing (Yang, Luo and Lin, CVPR 2014)."""

LOOK_INTO_PERSON: Final[dict[str, Sequence[int]]] = {
    "background": (0,),
    "person": (2, 13, 14, 15, 16, 17),
    "top": (5,),
    "outer": (7,),
    "dress": (6, 10),
    "trousers": (9,),
    "skirt": (12,),
    "footwear": (8, 18, 19),
    "accessory": (1, 3, 4, 11),
}
"""Class -> the label ids it takes in, of the 20 of LIP (Gong et al., CVPR 2017)."""

FOLDER_KINDS: Final[dict[str, str]] = {
    "dress": "dress", "hat": "accessory", "longsleeve": "top", "outwear": "outer", "pants": "trousers",
    "shirt": "top", "shoes": "footwear", "shorts": "trousers", "skirt": "skirt", "t-shirt": "top",
}  # fmt: skip
"""Folder of the photos of clothing/ -> class."""
