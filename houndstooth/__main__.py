"""`python -m houndstooth`."""

from houndstooth.cli import main

main()
