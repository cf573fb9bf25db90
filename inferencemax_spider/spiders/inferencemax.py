"""The static JSON generation of 2025."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from inferencemax_spider import planning
from inferencemax_spider.arguments import InferencemaxArguments
from inferencemax_spider.items import Endpoint, Parsed
from inferencemax_spider.parsers import static_json
from inferencemax_spider.spiders.base import EndpointSpider


class InferencemaxSpider(EndpointSpider):
    """Collect the static JSON endpoints of InferenceMAX.

    Domain
        inferencemax.semianalysis.com, as it was in 2025; or any site that serves the same paths
    Endpoints
        ``/data/inference-performance/{model}-{sequence}-{data type}.json``:
        3 models × 3 sequences × 2 data types = 18
    Spider arguments
        ``models``, ``sequences``, ``data_types``, ``base_url``, ``sample``, ``replay``
    Caveats
        The published site answers these paths with an HTML 404 since 2026.
    """

    name = "inferencemax"
    layout = static_json.LAYOUT
    arguments_model = InferencemaxArguments
    arguments: InferencemaxArguments

    def read_body(self, body: bytes, endpoint: Endpoint) -> Parsed:
        """Read the records of a *body*."""
        return static_json.parse(body, endpoint)

    def planned(self) -> Iterator[Endpoint]:
        """Yield one endpoint per model, sequence and data type, in catalogue order."""
        chosen = self.arguments
        endpoints = planning.static_plan(chosen.base_url, chosen.models, chosen.sequences, chosen.data_types)
        yield from islice(endpoints, chosen.sample)
