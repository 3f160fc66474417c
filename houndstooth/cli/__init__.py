"""The command line: one small file a command, each loaded when it is asked for."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from engine.errors import HoundstoothError

COMMANDS = {
    "index": "Index a folder of photos, or a table of products.",
    "sources": "List the kinds of folders, tables and datasets that can be indexed.",
    "prepare": "Make public datasets ready to train on.",
    "garments": "Find the garments in photos; write masks and cut-outs.",
    "patches": "Cut patches of cloth out of photos.",
    "similar": "Find the products most like photos, products or colours.",
    "cluster": "Group the catalog by k-means over one space.",
    "clusters": "List, compare, rename and delete groupings.",
    "map": "See the whole catalog at a glance: t-SNE, PCA, UMAP, a grid.",
    "maps": "List, show, rename and delete maps.",
    "export": "Write clusters, maps or vectors as tables, pages, or folders.",
    "train": "Train a label on your own photos, or the pattern network.",
    "label": "Tell every photo a label, such as maxi or category.",
    "review": "Look at the photos that a label is unsure of; take answers back.",
    "labels": "List the labels of a catalog, and how good they are.",
    "evaluate": "Measure how well the catalog finds what is the same.",
    "fit": "Fit the vgg space to the catalog's own photos.",
    "info": "Show what the catalog holds, and how indexing went.",
    "check": "Verify every hash, count and reference; --repair what is derived.",
    "remove": "Take products or photos out of the catalog.",
    "drop": "Take a space out of the catalog.",
    "compact": "Merge small files and drop removed rows now.",
    "migrate": "Bring a catalog made by an older program up to date.",
    "demo": "Draw a demo shop: photos, masks and a table of products.",
}


class LazyGroup(click.Group):
    """Commands by name: `--help` lists them without importing any."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Names, in the order of the table above."""
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The command, imported now."""
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"houndstooth.cli.{name}").command
        return command

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As Click's, but an unknown command is answered with the nearest one."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise click.UsageError(f"No such command '{args[0]}'.{hint}", context)
        return super().resolve_command(context, args)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """The table above."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="houndstooth")
def main_group() -> None:
    """Find similar products by colour, shape and pattern.

    \b
    houndstooth index ~/photos --catalog shop.catalog
    houndstooth similar dress.jpg --catalog shop.catalog --where "category = 'dress' and price < 80"
    houndstooth cluster colour -k 12 --catalog shop.catalog
    houndstooth export clusters colour --to clusters.html --catalog shop.catalog
    houndstooth map vgg --to map.html --catalog shop.catalog

    The catalog is --catalog, else $HOUNDSTOOTH_CATALOG, else ./houndstooth.catalog.

    Exit codes: 0 done; 1 a check failed, totals do not reconcile, or none of the files seen could be indexed;
    2 the question or input is wrong; 3 the catalog cannot be used; 130 interrupted.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line (sys.argv); what Houndstooth raises on purpose becomes one line and an exit code."""
    from engine.errors import CatalogError, MissingDependencyError

    # A Ctrl-C that meets SQLAlchemy closing a connection is logged there with a traceback, and raised: once is enough.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL + 1)
    try:
        main_group.main(arguments, prog_name="houndstooth", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Abort:
        click.echo("Stopped.", err=True)
        sys.exit(130)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except HoundstoothError as error:
        _complain(str(error))
        sys.exit(3 if isinstance(error, CatalogError | MissingDependencyError) else 2)
    except KeyboardInterrupt:
        click.echo("Stopped.", err=True)
        sys.exit(130)
    except BrokenPipeError:  # `houndstooth ... | head` has read enough
        import os

        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:  # of a file or text given, which nothing nearer said better
        named = f"{error.filename}: " if error.filename else ""
        _complain(f"{named}{error.strerror or error}")
        sys.exit(2)
    except UnicodeError as error:
        _complain(f"not UTF-8 text: {error}")
        sys.exit(2)


def _complain(message: str) -> None:
    """The message; what names of files and products in it could make of a terminal is shown as escapes."""
    from houndstooth.cli.shown import shown

    # No map(): that name is the command's module here, once it was loaded.
    click.echo("Error: " + "\n".join([shown(line) for line in message.split("\n")]), err=True)
