"""Item pipelines, in order: validate, count, write the raw file and evidence. A pipeline never asks the network."""
