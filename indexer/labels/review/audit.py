"""The audit: products set apart by lot, whose answers nobody learns from and which tell how good the model is.

Whether a product is set apart is decided by a hash of the catalog, the attribute and the product, so it needs no list,
does not depend on any answer or model, and holds for products that come later. One photo speaks for each product, so
that outcomes are independent draws: what is estimated is the accuracy for a photo of a product drawn at random.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SHARE = 0.2
"""Of the products; never changed for a catalog, or photos that were learned from would be asked."""


def lots(catalog: str, attribute: str, names: Sequence[str]) -> NDArray[np.float64]:
    """Float64 (n,), evenly spread in [0, 1) and always the same for a name."""
    return np.array([_lot(f"{catalog}\0{attribute}\0{name}") for name in names], dtype=np.float64)


def _lot(text: str) -> float:
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def audit_order(
    catalog: str, attribute: str, products: Sequence[str], paths: Sequence[str], given: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Rows of the photos that speak for the products set apart, in the order in which they are to be asked, int64.

    products, paths: of each photo (n,). given: bool (n,), photos whose product was given the attribute by its source:
    nothing is to be found out about those, and they are learned from.
    """
    apart = set_apart(catalog, attribute, products, given)
    of_photo = lots(catalog, attribute, [f"{product}\0{path}" for product, path in zip(products, paths, strict=True)])
    speaker: dict[str, int] = {}
    for row in np.flatnonzero(apart).tolist():
        best = speaker.get(products[row])
        if best is None or of_photo[row] < of_photo[best]:
            speaker[products[row]] = row
    rows = np.array(list(speaker.values()), dtype=np.int64)
    order = np.argsort(lots(catalog, attribute, [products[row] for row in rows.tolist()]), kind="stable")
    return rows[order]


def set_apart(catalog: str, attribute: str, products: Sequence[str], given: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Photos that must not be learned from, bool (n,): all of the products set apart."""
    names = sorted(set(products))
    lot = dict(zip(names, lots(catalog, attribute, names).tolist(), strict=True))
    told = {product for product, has in zip(products, given.tolist(), strict=True) if has}
    return np.array([lot[product] < SHARE and product not in told for product in products], dtype=np.bool_)
