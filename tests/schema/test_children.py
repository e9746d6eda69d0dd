"""Children and edges are answered however much is selected of them, and however deep."""

import pytest

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


@pytest.mark.parametrize("levels", range(1, 18))
async def test_edges_may_lead_as_deep_as_an_operation_may_be(api: InProcess, levels: int) -> None:
    await api.do("saveDraft", inputs.save_draft())
    await api.do("recordQcResult", inputs.record_result())
    edges = ["draft" if level % 2 else "qcResult" for level in range(levels)]
    opened = " ".join(f"{edge} {{" for edge in edges)
    query = f'{{ draft(draftId: "draft-1") {{ {opened} revision {"}" * levels} }} }}'

    found = (await api.ask(query))["draft"]

    for edge in edges:
        found = found[edge]
    assert found == {"revision": 1}
