"""The engines, a module each; what a module has to offer is said in `benchmarks.compare`."""
