"""What must hold in catalog.db whatever happened: references, sums and ranges, each a query for the rows that break it.

SQLite's own checks come before: they find broken pages, and tables that disagree with their indexes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from sqlalchemy import Connection, func, select

from engine import schema

Part = Literal["database", "vectors", "thumbnails", "index", "models", "ledger", "clusters", "maps", "backups"]

_RULES: list[tuple[Part, str, str]] = [
    (
        "database",
        "image {} is in the catalog but its product is not",
        "SELECT i.id FROM image i JOIN product p ON p.id = i.product_id "
        "WHERE i.removed IS NULL AND p.removed IS NOT NULL",
    ),
    (
        "database",
        "region {} is in the catalog but its image is not",
        "SELECT r.id FROM region r JOIN image i ON i.id = r.image_id WHERE r.removed IS NULL AND i.removed IS NOT NULL",
    ),
    (
        "database",
        "image {} has no region",
        "SELECT id FROM image WHERE removed IS NULL AND id NOT IN (SELECT image_id FROM region WHERE removed IS NULL)",
    ),
    (
        "database",
        "product {} has no image",
        "SELECT id FROM product WHERE removed IS NULL "
        "AND id NOT IN (SELECT product_id FROM image WHERE removed IS NULL)",
    ),
    (
        "database",
        "a value of product {} has not the type of its attribute",
        "SELECT v.product_id FROM product_value v JOIN attribute a ON a.id = v.attribute_id "
        "WHERE (a.type = 'text') != (v.text IS NOT NULL) OR (a.type != 'text') != (v.number IS NOT NULL)",
    ),
    (
        "database",
        "a value of region {} has not the type of its attribute",
        "SELECT v.region_id FROM region_value v JOIN attribute a ON a.id = v.attribute_id "
        "WHERE (a.type = 'text') != (v.text IS NOT NULL) OR (a.type != 'text') != (v.number IS NOT NULL)",
    ),
    (
        "ledger",
        "the totals of run {} do not add up",
        "SELECT id FROM run WHERE seen != indexed + unchanged + duplicate + failed",
    ),
    (
        "ledger",
        "{} is indexed by the ledger but not in the catalog",
        "SELECT l.path FROM ledger l LEFT JOIN image i ON i.id = l.image_id AND i.path = l.path AND i.removed IS NULL "
        "WHERE l.state = 'indexed' AND i.id IS NULL",
    ),
    (
        "ledger",
        "image {} was indexed but is not in the ledger",
        "SELECT i.id FROM image i WHERE i.removed IS NULL AND NOT EXISTS "
        "(SELECT 1 FROM ledger l WHERE l.image_id = i.id)",
    ),
    (
        "clusters",
        "cluster run {} has another number of members than it says",
        "SELECT c.id FROM cluster_run c WHERE c.rows != (SELECT count(*) FROM cluster_member m WHERE m.run_id = c.id) "
        "OR c.rows != (SELECT coalesce(sum(size), 0) FROM cluster k WHERE k.run_id = c.id)",
    ),
    (
        "maps",
        "map {} has another number of points than it says",
        "SELECT m.id FROM map m WHERE m.rows != (SELECT count(*) FROM map_point p WHERE p.map_id = m.id)",
    ),
    (
        "maps",
        "map {} is a grid with two points in one cell, or one outside its cells",
        "SELECT DISTINCT m.id FROM map m JOIN map_point p ON p.map_id = m.id WHERE m.method = 'grid' "
        "AND (p.x < 0 OR p.x >= m.columns OR p.y > 0 OR p.y <= -m.lines OR p.x != round(p.x) OR p.y != round(p.y)) "
        "UNION SELECT m.id FROM map m JOIN map_point p ON p.map_id = m.id WHERE m.method = 'grid' "
        "GROUP BY m.id, p.x, p.y HAVING count(*) > 1",
    ),
    (
        "clusters",
        "cluster run {} has a cluster of another size than its members are, or another number of clusters than it says",
        "SELECT c.id FROM cluster_run c WHERE c.k != (SELECT count(*) FROM cluster k WHERE k.run_id = c.id) "
        "UNION SELECT k.run_id FROM cluster k LEFT JOIN "
        "(SELECT run_id, number, count(*) AS members FROM cluster_member GROUP BY run_id, number) m "
        "ON m.run_id = k.run_id AND m.number = k.number WHERE k.size != coalesce(m.members, 0)",
    ),
    (
        "clusters",
        "cluster run {} has a centroid of another length than its space's vectors",
        "SELECT DISTINCT c.id FROM cluster k JOIN cluster_run c ON c.id = k.run_id JOIN space s ON s.id = c.space_id "
        "WHERE length(k.centroid) != 4 * s.dim",
    ),
    (
        "database",
        "a value of product {} is neither true nor false, or has a confidence outside 0 to 1",
        "SELECT v.product_id FROM product_value v JOIN attribute a ON a.id = v.attribute_id "
        "WHERE (a.type = 'boolean' AND v.number NOT IN (0, 1)) OR v.confidence < 0 OR v.confidence > 1",
    ),
    (
        "database",
        "a value of region {} is neither true nor false, or has a confidence outside 0 to 1",
        "SELECT v.region_id FROM region_value v JOIN attribute a ON a.id = v.attribute_id "
        "WHERE (a.type = 'boolean' AND v.number NOT IN (0, 1)) OR v.confidence < 0 OR v.confidence > 1",
    ),
    (
        "database",
        "image {} has no size, no SHA-256, or no list of spaces",
        "SELECT id FROM image WHERE width < 1 OR height < 1 OR length(sha256) != 32 OR spaces GLOB '*[^0-9,]*'",
    ),
    (
        "database",
        "region {} has half a box, or is of no known kind",
        "SELECT id FROM region WHERE (x IS NULL) + (y IS NULL) + (width IS NULL) + (height IS NULL) NOT IN (0, 4) "
        "OR kind NOT IN ('photo', 'given', 'garment')",
    ),
    (
        "database",
        "{} is not JSON",
        "SELECT 'setting ' || name FROM setting WHERE NOT json_valid(value) "
        "UNION ALL SELECT 'what space ' || id || ' was made with' FROM space WHERE NOT json_valid(parameters) "
        "UNION ALL SELECT 'how cluster run ' || id || ' was made' FROM cluster_run WHERE NOT json_valid(parameters) "
        "UNION ALL SELECT 'how map ' || id || ' was made' FROM map WHERE NOT json_valid(parameters) "
        "OR NOT json_valid(quality)",
    ),
]


def broken_rules(connection: Connection) -> Iterator[tuple[Part, str]]:
    """What of the catalog, and what is wrong with it."""
    for part, message, sql in _RULES:
        for row in connection.exec_driver_sql(sql):
            yield part, message.format(row[0])
    if connection.execute(select(func.count()).select_from(schema.catalog)).scalar_one() != 1:
        yield "database", "table catalog must have one row"
