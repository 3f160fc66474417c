"""The filter language: SQL WHERE syntax over attributes, evaluated on columns in memory.

    text -> tokens.scan   sqlglot's tokens, whitelisted; names looked up; values set aside
         -> parse         sqlglot's tree, whitelisted and typed, as our own nodes
         -> nodes, masks  boolean masks under SQL's three-valued logic

No text from a filter ever reaches a database: what runs is numpy. docs/filters.md describes the language.
"""

from engine.filters.nodes import Filter
from engine.filters.parse import parse_filter

__all__ = ["Filter", "parse_filter"]
