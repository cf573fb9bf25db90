"""Per-run observers: where the run writes, what became of each endpoint, the manifest, the progress."""
