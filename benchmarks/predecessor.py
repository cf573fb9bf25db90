"""The predecessor's way: ask for one endpoint after the other, pause after each, merge with pandas."""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pandas as pd

from inferencemax_spider.catalog import DATA_TYPES, MODELS, SEQUENCES

PAUSE_SECONDS = 0.5
KEYS = ["model_name", "sequence_length", "conc", "hwKey", "precision", "tp"]


def main(base_url: str, output: Path) -> None:
    """Collect the 18 endpoints of the site at *base_url* into raw files and three CSVs in *output*."""
    rows: dict[str, list[dict[str, Any]]] = {data_type: [] for data_type in DATA_TYPES}
    for model in MODELS:
        for sequence in SEQUENCES:
            for data_type in DATA_TYPES:
                name = f"{model.slug}-{sequence.slug}-{data_type}.json"
                records = _fetched(f"{base_url}/data/inference-performance/{name}")
                (output / name).write_text(json.dumps(records), encoding="utf-8")
                identity = {"model_name": model.name, "sequence_length": sequence.label}
                rows[data_type] += [identity | record for record in records]
                time.sleep(PAUSE_SECONDS)
    e2e, inter = (pd.json_normalize(rows[data_type], sep="_") for data_type in DATA_TYPES)
    e2e.to_csv(output / "e2e.csv", index=False)
    inter.to_csv(output / "interactivity.csv", index=False)
    e2e.merge(inter[[*KEYS, "x", "y"]], on=KEYS, how="outer").to_csv(output / "merged.csv", index=False)


def _fetched(url: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - the benchmark's own site
        records: list[dict[str, Any]] = json.load(answer)
    return records


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
