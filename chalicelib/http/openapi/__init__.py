"""The API, described for machines: OpenAPI 3.1, made from the types that requests are checked by.

https://spec.openapis.org/oas/v3.1.1.html
"""
