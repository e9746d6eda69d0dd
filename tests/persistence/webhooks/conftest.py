"""Endpoints and their deliveries: the same in memory and in databases."""

import pytest

from domain.webhooks import WebhookEndpoint
from repositories.unit_of_work import Repositories
from tests import builders as build
from tests.support.stored_webhooks import Webhooks


@pytest.fixture
def webhooks(repositories: Repositories) -> Webhooks:
    return Webhooks(repositories)


@pytest.fixture
async def endpoint(webhooks: Webhooks) -> WebhookEndpoint:
    """One that is stored."""
    endpoint = build.webhook_endpoint()
    await webhooks.insert(endpoint)
    return endpoint
