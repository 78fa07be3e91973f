"""API Gateway: REST APIs read from their documents, and their stages answering requests."""
