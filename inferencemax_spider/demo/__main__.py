"""Run the demo site on its own: ``python -m inferencemax_spider.demo --help``."""

from __future__ import annotations

from inferencemax_spider.demo.cli import main

raise SystemExit(main())
