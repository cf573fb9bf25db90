"""Item pipelines, in order: validate, count, write the raw file. A pipeline never asks the network."""
