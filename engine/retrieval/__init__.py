"""How well a catalog finds what is the same: queries against a gallery, both marked in the catalog.

measures.py   ranks to recall, average precision and their kin, one number a query
intervals.py  means with bootstrap intervals over products
ranking.py    which photos a query finds, and in which order
question.py   what is asked, and what a catalog fills in
report.py     what was found
evaluate.py   `evaluate_retrieval`
"""

from engine.retrieval.evaluate import evaluate_retrieval
from engine.retrieval.question import Question
from engine.retrieval.report import RetrievalReport

__all__ = ["Question", "RetrievalReport", "evaluate_retrieval"]
