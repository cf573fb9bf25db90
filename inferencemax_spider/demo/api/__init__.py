"""The live API generation of the demo site: generated data with everything the site's rows are known to do."""

from __future__ import annotations

from inferencemax_spider.demo.api.content import ApiContent
from inferencemax_spider.demo.api.dataset import CHANGED, ApiDataset
from inferencemax_spider.demo.api.recorded import RecordedApi
from inferencemax_spider.demo.api.tables import DATES, MODELS, models

__all__ = ["CHANGED", "DATES", "MODELS", "ApiContent", "ApiDataset", "RecordedApi", "models"]
