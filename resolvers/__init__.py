"""What the API does: plain async functions over repositories, and the dataloaders."""
