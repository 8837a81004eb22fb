"""What each task makes of a request before the network and of its outputs behind it, whatever runs the network."""
