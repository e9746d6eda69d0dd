"""The closed sets of files, described; import them from here."""

from domain.files import UploadStatus
from schema.descriptions import describe_enum
from schema.upload_failures import UploadFailure

__all__ = ["UploadFailure", "UploadStatus"]

describe_enum(
    UploadStatus,
    "What has become of an upload.",
    PENDING="It waits for its bytes, or to be completed.",
    COMPLETED="It became a file.",
    FAILED="What was received wasn't what was announced.",
    EXPIRED="It wasn't completed in time.",
)
