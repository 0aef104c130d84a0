"""What objects whose content is valid for a time (OIO) are found by: rows and statements."""
