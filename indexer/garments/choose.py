"""Which of a picture's garments is the product: by the category's words when they are known, else by place and size."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from indexer.garments.classes import GARMENTS
from indexer.garments.garment import Garment

CATEGORY_WORDS: Final[dict[str, str]] = {
    "top": "top tops shirt shirts blouse blouses tee tees tshirt tshirts polo polos sweater sweaters jumper jumpers "
    "pullover pullovers hoodie hoodies sweatshirt sweatshirts longsleeve longsleeves tank tanks camisole bodysuit "
    "bodysuits tunic tunics knitwear henley crop bra bras bikini bikinis swimwear swimsuit swimsuits turtleneck",
    "outer": "jacket jackets coat coats blazer blazers cardigan cardigans outerwear outwear parka parkas vest vests "
    "waistcoat waistcoats cape capes poncho ponchos anorak anoraks trench bomber windbreaker raincoat suit suits",
    "dress": "dress dresses gown gowns romper rompers jumpsuit jumpsuits playsuit playsuits overall overalls sundress "
    "sundresses sarafan dungarees",
    "trousers": "trousers trouser pants pant jeans jean shorts leggings legging tights chinos chino joggers "
    "jogger culottes sweatpants slacks jeggings capris stockings bermudas",
    "skirt": "skirt skirts miniskirt miniskirts skort skorts",
    "footwear": "shoe shoes boot boots sneaker sneakers sandal sandals heels heel loafer loafers pumps flats wedges "
    "clogs slipper slippers trainers footwear sock socks moccasins espadrilles",
    "bag": "bag bags handbag handbags purse purses backpack backpacks wallet wallets clutch tote totes rucksack",
    "accessory": "accessory accessories hat hats cap caps beanie beanies scarf scarves belt belts tie ties gloves "
    "sunglasses glasses watch watches necklace necklaces earring earrings bracelet bracelets ring rings headband "
    "headwear jewellery jewelry shawl",
}  # fmt: skip
"""Class -> the words of shops' categories that mean it."""

ALIKE: Final[dict[str, Sequence[str]]] = {
    "top": ("outer", "dress"),
    "outer": ("top", "dress"),
    "dress": ("skirt", "top", "outer"),
    "trousers": ("skirt",),
    "skirt": ("dress", "trousers"),
    "footwear": (),
    "bag": ("accessory",),
    "accessory": ("bag",),
}
"""Class -> the classes that it is most often taken for, likeliest first."""

_KIND_OF_WORD: Final = {word: kind for kind, words in CATEGORY_WORDS.items() for word in words.split()}
_SMALL: Final = ("footwear", "bag", "accessory")
_SMALL_COUNTS = 0.2  # of the weight of clothes: shoes under a dress are not the product, shoes alone are
_SLIVER = 0.1  # of the heaviest garment it could be: a few pixels of the wanted class are a mistake of the finder
_SPREAD = 0.3  # of the frame's sides: one standard deviation of the centred Gaussian
_SAMPLES = 64  # places a side at which the mask is weighed


def kind_of_category(category: str | None) -> str | None:
    """The class that a category's words mean; None where they mean none.

    The last word that is known decides, as English puts it last ("shirt dress" is a dress, "dress shirt" a top), but
    what follows "with", "for" or "in" does not count. "T-shirt" and "t shirt" are one word; case, plural and
    punctuation do not matter.

    >>> kind_of_category("Women > Dresses"), kind_of_category("dress shirt"), kind_of_category("T-Shirts")
    ('dress', 'top', 'top')
    """
    if not category:
        return None
    text = re.sub(r"\b(t|tee|sweat|under)[\s_-]+shirt", r"\1shirt", category.lower())
    text = re.split(r"\b(?:with|for|in)\b", text)[0]
    known = [_KIND_OF_WORD[word] for word in re.findall(r"[a-z]+", text) if word in _KIND_OF_WORD]
    return known[-1] if known else None


def product_garments(garments: Sequence[Garment], category: str | None = None) -> list[Garment]:
    """The garments, the product first, then by how likely each is the product.

    With a category whose words are known, garments of its class come first, then the classes it is taken for, but
    those under a tenth as heavy as the heaviest of these only after them; within a class, and without a category, the
    heaviest: area under a Gaussian about the picture's centre, where footwear, bags and accessories count a fifth. The
    garments must be of one picture.
    """
    kind = kind_of_category(category)
    order = (kind, *ALIKE[kind]) if kind is not None else ()
    weights = {id(garment): _weight(garment, kind) for garment in garments}
    enough = _SLIVER * max((weights[id(garment)] for garment in garments if garment.kind in order), default=0.0)

    def place(garment: Garment) -> tuple[int, float]:
        weight = weights[id(garment)]
        if garment.kind not in order:
            return 2 * len(GARMENTS), -weight
        return order.index(garment.kind) + (0 if weight >= enough else len(GARMENTS)), -weight

    return sorted(garments, key=place)


def _weight(garment: Garment, wanted: str | None) -> float:
    small = garment.kind in _SMALL and garment.kind != wanted
    return central_area(garment.mask) * (_SMALL_COUNTS if small else 1.0)


def central_area(mask: NDArray[np.bool_]) -> float:
    """Share of a Gaussian about the picture's centre that falls into the mask: in [0, 1], at 64 x 64 places at most."""
    height, width = mask.shape
    rows, columns = (np.unique(np.linspace(0, n - 1, min(n, _SAMPLES)).round().astype(int)) for n in (height, width))
    down, across = (
        np.exp(-((((at + 0.5) / n - 0.5) / _SPREAD) ** 2) / 2) for at, n in ((rows, height), (columns, width))
    )
    weights = down[:, None] * across
    return float(weights[mask[np.ix_(rows, columns)]].sum() / weights.sum())
