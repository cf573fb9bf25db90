"""Tests of the output on an object store: real crawls that write to moto's S3 server, with faults in between."""
