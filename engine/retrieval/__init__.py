"""How well a catalog finds what is the same: queries against a gallery, both marked in the catalog.

measures.py   ranks to recall, average precision and their kin, one number a query
intervals.py  means with bootstrap intervals over products
ranking.py    which photos a query finds, and in which order
evaluate.py   `evaluate_retrieval`: the question, the report
"""

from engine.retrieval.evaluate import Question, RetrievalReport, evaluate_retrieval

__all__ = ["Question", "RetrievalReport", "evaluate_retrieval"]
