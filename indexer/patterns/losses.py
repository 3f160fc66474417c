"""What training makes small: triplets over two labels, and the cross-entropy of the families."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from engine.errors import MissingDependencyError
from indexer.patterns.recipe import LossWeights


class PatternLoss:
    """Batch-hard triplets of items (Hermans, Beyer and Leibe, "In defense of the triplet loss", 2017), semi-hard of
    families (Schroff, Kalenichenko and Philbin, "FaceNet", 2015), and cross-entropy with smoothed labels.

    Raises MissingDependencyError without pytorch-metric-learning.
    """

    def __init__(self, weights: LossWeights, margin: float = 0.2) -> None:
        try:
            from pytorch_metric_learning import losses, miners
        except ImportError as error:
            raise MissingDependencyError(
                "training patterns needs pytorch-metric-learning: pip install 'houndstooth[train]'"
            ) from error
        self._weights = weights
        self._triplets = losses.TripletMarginLoss(margin=margin)
        self._hardest = miners.BatchHardMiner()
        self._semi_hard = miners.TripletMarginMiner(margin=margin, type_of_triplets="semihard")

    def __call__(self, vectors: Tensor, scores: Tensor, item: Tensor, family: Tensor, near: Tensor) -> Tensor:
        """vectors (n, DIM) of unit length, scores (n, families), item (n,); family (n,) to be named and near (n,) to be
        near, -1 where nobody knows."""
        total: Tensor = self._weights.item * self._triplets(vectors, item, self._hardest(vectors, item))
        known = near >= 0
        if int(known.sum()) > 2:
            told, of = vectors[known], near[known]
            total = total + self._weights.family * self._triplets(told, of, self._semi_hard(told, of))
        known = family >= 0
        if bool(known.any()):
            named = functional.cross_entropy(scores[known], family[known], label_smoothing=0.1)
            total = total + self._weights.name * named
        return total
