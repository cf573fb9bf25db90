"""The spiders, one module per source. A spider makes requests and captures; it never writes a file."""
