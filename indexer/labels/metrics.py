"""How good predictions are: measures of the whole, of each class, and who is taken for whom, by scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, MissingDependencyError
from indexer.labels.predictions import Predictions

TITLES = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "macro_f1": "Macro F1",
    "roc_auc": "ROC AUC",
    "pr_auc": "PR AUC",
    "subset_accuracy": "All labels right",
    "hamming_accuracy": "Labels right",
    "micro_f1": "Micro F1",
    "macro_map": "Macro mAP",
    "micro_map": "Micro mAP",
}
"""What people call each measure."""
SINGLE = ("accuracy", "balanced_accuracy", "macro_f1", "roc_auc", "pr_auc")
SEVERAL = ("subset_accuracy", "hamming_accuracy", "macro_f1", "micro_f1", "macro_map", "micro_map", "roc_auc")


@dataclass(frozen=True)
class ClassScore:
    """How good predictions of one class are, against all others.

    photos: that are of it. predicted: that were said to be. roc_auc, pr_auc: by its chance, None where all photos or
    none are of it. precision is 0 where nothing was said to be of it.
    """

    name: str
    photos: int
    predicted: int
    precision: float
    recall: float
    f1: float
    roc_auc: float | None
    pr_auc: float | None


def measure_names(predictions: Predictions) -> tuple[str, ...]:
    """The measures that there are of such predictions, in the order of a table."""
    return SEVERAL if predictions.several else SINGLE


def measures(predictions: Predictions) -> dict[str, float | None]:
    """Each measure in [0, 1]; None where it is not defined, as an area under a curve when all photos are of one class.

    accuracy: share right. balanced_accuracy: mean recall of the classes that occur. macro_f1: mean over classes that
    occur or were predicted. roc_auc, pr_auc (average precision): of the second class when there are two, else the mean
    of each class against the rest. With several labels: subset_accuracy, all labels of a photo right;
    hamming_accuracy, the share of single labels right (1 - Hamming loss); mAP, mean average precision over labels
    (macro) or of all photos and labels ranked together (micro).
    """
    if not len(predictions):
        raise InputError("no photo was tested: there is nothing to measure")
    return _several(predictions) if predictions.several else _single(predictions)


def _single(predictions: Predictions) -> dict[str, float | None]:
    metrics = _metrics()
    truth, told = predictions.targets, predictions.predicted
    recalls = metrics.recall_score(truth, told, labels=np.unique(truth), average=None, zero_division=0)
    return {
        "accuracy": float(metrics.accuracy_score(truth, told)),
        "balanced_accuracy": float(recalls.mean()),
        "macro_f1": float(metrics.f1_score(truth, told, average="macro", zero_division=0)),
        **_areas(predictions),
    }


def _areas(predictions: Predictions) -> dict[str, float | None]:
    scores = class_scores(predictions)
    counted = scores[1:] if len(scores) == 2 else scores
    return {"roc_auc": _mean([one.roc_auc for one in counted]), "pr_auc": _mean([one.pr_auc for one in counted])}


def _several(predictions: Predictions) -> dict[str, float | None]:
    metrics = _metrics()
    truth, told = predictions.targets, np.asarray(predictions.predicted)
    scores = class_scores(predictions)
    ranked = bool(truth.any())
    return {
        "subset_accuracy": float(predictions.correct.mean()),
        "hamming_accuracy": 1 - float(np.mean(truth != told)),
        "macro_f1": float(np.mean([one.f1 for one in scores])),
        "micro_f1": float(metrics.f1_score(truth.ravel(), told.ravel(), zero_division=0)),
        "macro_map": _mean([one.pr_auc for one in scores]),
        "micro_map": float(metrics.average_precision_score(truth.ravel(), predictions.chances.ravel()))
        if ranked
        else None,
        "roc_auc": _mean([one.roc_auc for one in scores]),
    }


def class_scores(predictions: Predictions) -> tuple[ClassScore, ...]:
    """Each class against the rest, in the order of the classes."""
    metrics = _metrics()
    made = []
    for number, name in enumerate(predictions.classes):
        truth, told = marks(predictions)[:, number], marked(predictions)[:, number]
        precision, recall, f1, _ = metrics.precision_recall_fscore_support(
            truth, told, average="binary", pos_label=True, zero_division=0
        )
        both = 0 < truth.sum() < len(truth)
        made.append(
            ClassScore(
                name,
                int(truth.sum()),
                int(told.sum()),
                float(precision),
                float(recall),
                float(f1),
                float(metrics.roc_auc_score(truth, predictions.chances[:, number])) if both else None,
                float(metrics.average_precision_score(truth, predictions.chances[:, number])) if both else None,
            )
        )
    return tuple(made)


def confusion(predictions: Predictions) -> NDArray[np.int64]:
    """int64 (c, c): photos of the row's class that were taken for the column's; rows sum to the classes' counts.

    With several labels: int64 (c, 2, 2), of each label absent and present, true by told.
    """
    metrics = _metrics()
    if predictions.several:
        told = np.asarray(predictions.predicted)
        matrices = [
            metrics.confusion_matrix(predictions.targets[:, number], told[:, number], labels=[False, True])
            for number in range(len(predictions.classes))
        ]
        return np.asarray(np.stack(matrices), np.int64)
    labels = np.arange(len(predictions.classes))
    return np.asarray(metrics.confusion_matrix(predictions.targets, predictions.predicted, labels=labels), np.int64)


def marks(predictions: Predictions) -> NDArray[np.bool_]:
    """The truth as bool (n, c)."""
    return _spread(predictions, predictions.targets)


def marked(predictions: Predictions) -> NDArray[np.bool_]:
    """What was predicted as bool (n, c)."""
    return _spread(predictions, predictions.predicted)


def _spread(predictions: Predictions, labels: NDArray[np.int64] | NDArray[np.bool_]) -> NDArray[np.bool_]:
    if predictions.several:
        return np.asarray(labels, bool)
    return np.asarray(np.asarray(labels)[:, None] == np.arange(len(predictions.classes)), bool)


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _metrics() -> ModuleType:
    try:
        from sklearn import metrics
    except ImportError as error:
        raise MissingDependencyError(
            "scikit-learn is not installed: measuring labels needs the extra [train]: pip install 'houndstooth[train]'"
        ) from error
    found: ModuleType = metrics
    return found
