"""Objects whose content is valid for a time, and what was known of them when (OIO): the use cases."""
