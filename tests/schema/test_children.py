"""Children are answered however much is selected of them, and under however many names."""

from schema.limits import Limits
from tests import inputs
from tests.support.graphql import InProcess

NAMES = ("article", "cover")


async def _saved(api: InProcess) -> None:
    artifacts = [inputs.artifact(name) for name in NAMES]
    await api.do("saveDeliveryPackage", inputs.save_package(artifacts=artifacts))


async def test_children_may_have_as_many_members_as_there_may_be_aliases(api: InProcess) -> None:
    await _saved(api)
    keys = [f"key{number}" for number in range(Limits().aliases)]
    members = " ".join(f"{key}: name" for key in keys)

    found = await api.ask(f"{{ deliveryPackages {{ nodes {{ artifacts {{ {members} }} }} }} }}")

    assert found["deliveryPackages"]["nodes"] == [
        {"artifacts": [dict.fromkeys(keys, name) for name in NAMES]}
    ]


async def test_as_many_lists_may_be_asked_for_as_there_may_be_aliases(api: InProcess) -> None:
    await _saved(api)
    lists = {
        f"list{number}": ("name", "position")[number % 2] for number in range(Limits().aliases)
    }
    selections = " ".join(f"{key}: artifacts {{ {field} }}" for key, field in lists.items())

    found = await api.ask(f"{{ deliveryPackages {{ nodes {{ {selections} }} }} }}")

    values: dict[str, list[object]] = {"name": list(NAMES), "position": [0, 1]}
    [package] = found["deliveryPackages"]["nodes"]
    assert package == {
        key: [{field: value} for value in values[field]] for key, field in lists.items()
    }
