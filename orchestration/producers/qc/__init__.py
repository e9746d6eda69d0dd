"""The built-in check of drafts: pure functions over a parsed draft, one file a family of checks."""
