"""Pages for people: one HTML file each that opens offline, pictures inside, nothing fetched, no script.

But a map is a program (`engine.pages.map`, written in web/), and a large one has its pictures in a folder beside it.
"""

from engine.pages.clusters import clusters_page
from engine.pages.results import Example, QueryView, results_page

__all__ = ["Example", "QueryView", "clusters_page", "results_page"]
