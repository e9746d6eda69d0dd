"""Reading files and uploads."""

from domain.files import File, Upload
from resolvers.dataloaders import EntityLoaders


class FileLoaders(EntityLoaders[File]):
    """Files by `file_id`."""


class UploadLoaders(EntityLoaders[Upload]):
    """Uploads by `upload_id`."""
