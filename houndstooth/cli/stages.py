"""A progress bar of work in stages, for the commands that have some."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def stages() -> Iterator[Callable[[str, int, int], None]]:
    """A bar that begins anew with every stage; silent when standard error is not a terminal.

    Gives what is called with a stage, how much of it is done, and how much there is.
    """
    from tqdm import tqdm

    told = ""
    with tqdm(disable=not sys.stderr.isatty(), leave=False) as bar:

        def show(stage: str, done: int, total: int) -> None:
            nonlocal told
            if stage != told:
                told = stage
                bar.reset(total)
                bar.set_description(stage)
            bar.update(done - bar.n)

        yield show
