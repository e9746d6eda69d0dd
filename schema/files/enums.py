"""The closed sets of files, described; import them from here."""

from domain.files import UploadFailure, UploadState
from schema.descriptions import describe_enum

__all__ = ["UploadFailure", "UploadState"]

describe_enum(
    UploadState,
    "What has become of an upload.",
    PENDING="It waits for its bytes, or to be completed.",
    COMPLETED="It became a file.",
    FAILED="What was received wasn't what was announced.",
    EXPIRED="It wasn't completed in time.",
)
describe_enum(
    UploadFailure,
    "Why an upload can't be completed.",
    NO_BYTES="Nothing was received yet. It may still come.",
    INCOMPLETE="Not all bytes were received yet. The rest may still come.",
    WRONG_SIZE="More bytes were received than `size` says. Create another upload.",
    WRONG_SHA256="What was received has another hash than `sha256` says. Create another upload.",
    WRONG_MEDIA_TYPE="What was received isn't what `mediaType` says. Create another upload.",
    EXPIRED="It wasn't completed in time. Create another upload.",
)
