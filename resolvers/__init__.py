"""Commands, as plain async functions over repositories, and dataloaders."""
