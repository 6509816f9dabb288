"""Everything that is remembered, and the only place with SQL."""
