"""What a shop says about a product: brand, price and name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from indexer.demo.spec import Garment

BRANDS: dict[str, float] = {
    "Alder & Finch": 1.15,
    "Bramblewick": 0.9,
    "Casa Lune": 1.6,
    "Dovetail Row": 1.0,
    "Elmstead": 0.75,
    "Fjordlight": 1.3,
    "Graywater": 0.85,
    "Halcyon Mill": 1.45,
    "Juniper Lane": 0.7,
    "Marrow & Vale": 2.2,
    "Northpin": 1.1,
    "Oriel Studio": 1.8,
}
"""Invented brands, and how dear each is against the middle."""

_BASE = {"dress": 59.0, "skirt": 39.0, "shirt": 42.0, "t-shirt": 19.0, "trousers": 52.0, "shorts": 31.0}
_ADJECTIVES = {"plain": "", "stripes": "striped", "polka dots": "polka dot"}


@dataclass(frozen=True)
class Product:
    """A garment on sale. price: in the shop's currency, two decimals."""

    id: str
    garment: Garment
    brand: str
    price: float
    name: str


def product_for(identity: str, garment: Garment) -> Product:
    """Brand and price by the garment's seed: dearer brands and categories, maxi and patterned garments cost more."""
    rng = np.random.default_rng([garment.seed, 53])
    brand = list(BRANDS)[int(rng.integers(0, len(BRANDS)))]
    price = _BASE[garment.category] * BRANDS[brand] * float(rng.lognormal(0, 0.12))
    price *= (1.25 if garment.maxi else 1.0) * (1.0 if garment.pattern.name == "plain" else 1.08)
    return Product(identity, garment, brand, max(5, round(price)) - 0.1, garment_name(garment))


def garment_name(garment: Garment) -> str:
    """For people, e.g. "Navy polka dot maxi dress"."""
    pattern = _ADJECTIVES.get(garment.pattern.name, garment.pattern.name)
    if garment.pattern.name == "animal":
        pattern = "zebra print" if garment.pattern.variation % 2 else "leopard print"
    words = [garment.colours[0].name, pattern, "maxi" if garment.maxi else "", garment.category]
    name = " ".join(word for word in words if word)
    return name[0].upper() + name[1:]
