"""A process that sends webhooks of a database and tries again at once; to be killed.

Its arguments are the URL of the database, and a number for the sender's dice.
"""

import asyncio
import random
import sys
from datetime import timedelta
from ipaddress import ip_network

from domain import webhooks
from orchestration.sending import HttpSender
from orchestration.webhooks import Dispatcher, Pace
from repositories.drivers.engine import open_database
from repositories.factory import PersistenceMode, create_storage

PAUSES = (timedelta(seconds=0.02),) * 1_000
TIMEOUT, LEASE = 0.2, 1.0


async def dispatch(url: str) -> None:
    database = open_database(url)
    storage = create_storage(PersistenceMode.DB, database)
    dispatcher = Dispatcher(
        storage,
        lambda: HttpSender(timeout=TIMEOUT, networks=[ip_network("127.0.0.0/8")]),
        Pace(poll=0.02, lease=LEASE),
    )
    await dispatcher.run()


if __name__ == "__main__":
    webhooks.PAUSES = PAUSES  # type: ignore[misc]
    random.seed(int(sys.argv[2]))
    asyncio.run(dispatch(sys.argv[1]))
