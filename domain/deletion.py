"""The command that removes an entity, the same for all of them."""

from dataclasses import dataclass

from domain import validation as check


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """Remove the entity whose business key, named `key_name`, is `key`."""

    key_name: str
    key: str
    expected_revision: int | None = None

    def violations(self) -> check.Violations:
        yield from check.key(self.key_name, self.key)
        yield from check.expected_revision(self.expected_revision)
