"""schemathesis: requests made of the OpenAPI documents, and their answers held against what these say."""
