"""What may go wrong while a document is made."""


class DocumentFailed(Exception):
    """A library refused to make a document; `reason` is what it said."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
