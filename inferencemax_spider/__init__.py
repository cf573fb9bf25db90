"""Collect the InferenceMAX and InferenceX benchmarks of LLM inference as files that can be trusted."""

__version__ = "0.1.0"
