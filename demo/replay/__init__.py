"""Recordings of real stores, played against the application."""
