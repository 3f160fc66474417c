"""Clusters, search results and vectors as files: tables, pages, folders of pictures, arrays."""

from engine.export.clusters import export_clusters
from engine.export.place import Exported

__all__ = ["Exported", "export_clusters"]
