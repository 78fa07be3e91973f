"""HTTP/1.1 done strictly, and API Gateway in front of a Chalice app."""
