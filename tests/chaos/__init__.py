"""Waitline's real processes under a nemesis: `make chaos`, and short versions of its scenarios as tests."""
