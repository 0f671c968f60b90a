"""Stands in for the build backend of the source packages that setup downloads: see build.py."""
