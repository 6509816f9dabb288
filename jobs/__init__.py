"""What a worker does: one verb per file. Jobs take ids only, and read everything else from the database."""
