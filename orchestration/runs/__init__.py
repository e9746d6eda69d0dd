"""Runs: workflows that are carried out step by step, and outlive the processes that do so."""
