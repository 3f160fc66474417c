"""When the audit proves enough: "stop when accuracy >= 0.95 with 95 % confidence", however often one looks.

One looks again after every few answers, and each retraining makes another model. An interval made for one look, such as
Wilson's or Clopper and Pearson's, would sooner or later pass by luck. Here both are accounted for:

- of one model, by a confidence sequence: a lower bound that holds at all numbers of answers at once. Against "accuracy
  <= p" one bets on right answers at several stakes at once, an equal part of a stake of 1 on each; if the statement is
  true the wealth is a supermartingale, and reaches 1 / alpha at any time with a chance of alpha at most (Ville 1939;
  Robbins 1970; Waudby-Smith and Ramdas 2024);
- of several models, by spending: the j-th model that is looked at gets alpha / (j (j + 1)), which sum to alpha.

Audit answers are never learned from, so for every model they are fresh draws. A model is looked at once there are so
many of them that it would pass with all of them right: before that it cannot, and nothing is spent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from engine.errors import InputError

STAKES = 64
"""Bets on an accuracy between the one denied and 1."""


@dataclass(frozen=True)
class StopRule:
    """Stop when the accuracy is at least `target` with `confidence`; both in (0, 1)."""

    target: float = 0.95
    confidence: float = 0.95

    def __post_init__(self) -> None:
        for name, value in (("target", self.target), ("confidence", self.confidence)):
            if not 0 < value < 1:
                raise InputError(f"the {name} of the stop rule is above 0 and below 1, not {value}")

    def alpha(self, look: int) -> float:
        """What may be spent on the look-th model, counted from 1."""
        return (1 - self.confidence) / (look * (look + 1))

    def needed(self, look: int) -> int:
        """So many answers, all right, prove the target for the look-th model: with fewer there is nothing to see."""
        low, high = 1, 2
        while log_wealth(high, high, self.target) < -math.log(self.alpha(look)):
            high *= 2
        while low < high:
            middle = (low + high) // 2
            if log_wealth(middle, middle, self.target) >= -math.log(self.alpha(look)):
                high = middle
            else:
                low = middle + 1
        return low


@dataclass(frozen=True)
class Verdict:
    """What the audit says of a model. right of n audit answers; look: the how manieth model that was looked at.

    lower: the lower bound that holds in spite of all looks, 0 while there are too few answers. needed: answers, all
    right, from which on the model can pass. stop: whether the target is proved.
    """

    rule: StopRule
    right: int
    n: int
    look: int
    needed: int
    lower: float
    stop: bool


def judge(rule: StopRule, right: int, n: int, looks_before: int) -> Verdict:
    """Judge a model by its audit answers. looks_before: models that were looked at before this one."""
    if not 0 <= right <= n:
        raise ValueError(f"{right} right answers of {n}")
    look = looks_before + 1
    needed = rule.needed(look)
    if n < needed:
        return Verdict(rule, right, n, look, needed, 0.0, False)
    alpha = rule.alpha(look)
    stop = log_wealth(right, n, rule.target) >= -math.log(alpha)
    return Verdict(rule, right, n, look, needed, lower_bound(right, n, alpha), stop)


def log_wealth(right: int, n: int, denied: float) -> float:
    """Logarithm of the wealth of bets against "accuracy <= denied" after `right` of n answers were right.

    Each bet believes in an accuracy q above the one denied, and multiplies its stake by q / denied for a right answer
    and by (1 - q) / (1 - denied) for a wrong one.
    """
    believed = denied + (1 - denied) * (np.arange(STAKES) + 0.5) / STAKES
    grown = right * np.log(believed / denied) + (n - right) * np.log((1 - believed) / (1 - denied))
    top = float(grown.max())
    return top + math.log(float(np.exp(grown - top).mean()))


def lower_bound(right: int, n: int, alpha: float) -> float:
    """The largest accuracy that is refuted, by bisection; 0 where none is. It never exceeds right / n."""
    low, high = 0.0, right / n if n else 0.0
    for _ in range(60):
        middle = (low + high) / 2
        if 0 < middle < 1 and log_wealth(right, n, middle) >= -math.log(alpha):
            low = middle
        else:
            high = middle
    return low
