"""Orchestration: how modules cooperate, and what goes on without a request."""
