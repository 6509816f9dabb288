"""Stand-in stores that behave like the real ones, a story to watch, and the replay of recordings."""
