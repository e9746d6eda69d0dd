"""Why uploads can't be completed, described; import it from here."""

from domain.files import UploadFailure
from schema.descriptions import describe_enum

__all__ = ["UploadFailure"]

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
