"""The built-in strategist: understands briefs and plans for them, by rules and tables alone."""
