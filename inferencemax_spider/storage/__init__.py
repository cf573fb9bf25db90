"""Where the output lives: a folder, or an object store with a mirror of it on this machine."""
