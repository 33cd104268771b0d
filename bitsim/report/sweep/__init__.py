"""A sweep as text, JSON and page."""
