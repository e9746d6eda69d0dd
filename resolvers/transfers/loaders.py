"""Reading transfers."""

from domain.transfers import Export, Import
from resolvers.dataloaders import EntityLoaders


class ImportLoaders(EntityLoaders[Import]):
    """Imports by `import_id`."""


class ExportLoaders(EntityLoaders[Export]):
    """Exports by `export_id`."""
