"""Reading transfers."""

from domain.transfers import Import
from resolvers.dataloaders import EntityLoaders


class ImportLoaders(EntityLoaders[Import]):
    """Imports by `import_id`."""
