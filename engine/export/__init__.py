"""Clusters, maps, search results and vectors as files: tables, pages, folders of pictures, arrays."""

from engine.export.clusters import export_clusters
from engine.export.hits import export_hits
from engine.export.maps import export_map
from engine.export.place import Exported
from engine.export.vectors import export_vectors

__all__ = ["Exported", "export_clusters", "export_hits", "export_map", "export_vectors"]
