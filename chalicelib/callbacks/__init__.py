"""How a client's server is told of the end of its job."""
