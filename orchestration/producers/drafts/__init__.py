"""The built-in writer of drafts: the brief's own words in templates, by the brand's rules."""
