"""The spaces that come with Houndstooth, one a file."""
