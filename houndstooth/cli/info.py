"""`houndstooth info`: what the catalog holds."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from houndstooth.cli.counted import counted
from houndstooth.cli.options import catalog_option, table_or_json
from houndstooth.cli.shown import shown, table_text

if TYPE_CHECKING:
    from engine.info import Info
    from engine.ledger import FileLine
    from indexer.near import NearPair

SHARE = "share_"


@click.command("info")
@catalog_option
@click.option("--failures", is_flag=True, help="List the files that failed, with reasons.")
@click.option(
    "--problems", is_flag=True, help="List what the last run could not use and cost no photo: cells of a table, links."
)
@click.option("--near-duplicates", is_flag=True, help="List photos that look nearly the same.")
@click.option("--unmasked", is_flag=True, help="List photos that are compared whole, background included.")
@click.option("--refused", is_flag=True, help="List photos that a space could not take, with reasons.")
@table_or_json
def command(
    catalog: Path, failures: bool, problems: bool, near_duplicates: bool, unmasked: bool, refused: bool, output: str
) -> None:
    """Show products, photos, spaces, attributes and the last runs.

    \b
    houndstooth info
    houndstooth info --failures --format json
    """
    from engine import ledger
    from engine.info import info
    from engine.store import Store

    store = Store.open(catalog)
    lists: dict[str, list[FileLine] | list[NearPair]] = {}
    if failures:
        lists["failures"] = ledger.failures(store)
    if problems:
        lists["problems"] = ledger.problems(store)
    if unmasked:
        lists["unmasked_photos"] = ledger.unmasked(store)
    if refused:
        lists["refused_photos"] = ledger.refusals(store)
    if near_duplicates:
        from indexer import near

        lists["near_duplicates"] = near.near_duplicates(store)
    if output == "json":
        told = (
            {name: [asdict(line) for line in lines] for name, lines in lists.items()}
            if lists
            else info(store).to_json()
        )
        click.echo(json.dumps(told))
    elif lists:
        for name, lines in lists.items():
            _print_lines(name, lines)
    else:
        _print_info(info(store))


def _print_lines(name: str, lines: list[FileLine] | list[NearPair]) -> None:
    many = name.replace("_", " ")
    click.echo(counted(len(lines), many.removesuffix("s"), many))
    for line in lines:
        click.echo(f"  {shown(_said(line))}")


def _said(line: FileLine | NearPair) -> str:
    """One line. A row of a table that is named by its file already is not named twice."""
    from engine.ledger import FileLine

    if not isinstance(line, FileLine):
        return f"{line.path}  {line.other}  {line.bits} of 64 bits differ"
    source = "" if line.path.endswith(line.source) else f"  {line.source}"
    return f"{line.path}{source}  {line.reason}"


def _print_info(told: Info) -> None:
    click.echo(f"{told.path}, generation {told.generation}, made {told.created}")
    click.echo(
        f"{counted(told.products, 'product')}, {counted(told.images, 'photo')}, {counted(told.regions, 'region')} "
        f"({told.removed_regions} removed), {counted(told.failed_files, 'failed file')}"
    )
    if told.garments:
        click.echo(f"Garments: {told.garments}")
    spaces = [
        [
            space.name,
            space.reads,
            space.dim,
            space.rows,
            "filling" if space.pending else space.index,
            space.shards,
            _bytes(space.bytes + space.index_bytes),
        ]
        for space in told.spaces
    ]
    click.echo("\n" + table_text(spaces, ["space", "reads", "dimension", "vectors", "index", "shards", "size"]))
    if told.attributes:
        click.echo("\nAttributes: " + shown(", ".join(_attributes(told))))
    runs = [
        [run["id"], run["kind"], run["started"], run["seen"], run["indexed"], run["unchanged"], run["duplicate"],
         run["failed"], "" if run["finished"] else "not finished", run["source"]]
        for run in told.runs
    ]  # fmt: skip
    header = ["run", "kind", "started", "seen", "indexed", "unchanged", "duplicate", "failed", "", "source"]
    click.echo("\n" + table_text(runs, header))
    click.echo(f"\nDatabase {_bytes(told.database_bytes)}, thumbnails {_bytes(told.thumbnail_bytes)}")


def _attributes(told: Info) -> list[str]:
    """Names and types; the shares of colours, some twenty, in one."""
    shares = [name for name in told.attributes if name.startswith(SHARE)]
    listed = [f"{name} ({kind})" for name, kind in told.attributes.items() if name not in shares]
    if shares:
        listed.append(f"{SHARE}COLOUR ({', '.join(name.removeprefix(SHARE) for name in shares)}; number)")
    return listed


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
