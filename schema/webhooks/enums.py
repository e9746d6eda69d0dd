"""The closed sets of webhooks, described; import them from here."""

from domain.webhooks import DeliveryState
from schema.descriptions import describe_enum

__all__ = ["DeliveryState"]

describe_enum(
    DeliveryState,
    "What has become of a delivery.",
    PENDING="It's to be sent, for the first time or again.",
    DELIVERED="The receiver accepted it, by a status from 200 to 299.",
    FAILED="The server gave it up: the receiver refused it, or all attempts failed.",
)
