"""New keys: unique, in the order of time, made of nothing that needs quoting."""

import re
import threading
from datetime import UTC, datetime, timedelta

from domain.sources import UlidKeys, utc_now
from domain.validation import KEY_LENGTH
from tests.support.sources import START, SettableClock


def test_a_key_is_its_prefix_and_a_ulid() -> None:
    key = UlidKeys()("brief")

    assert re.fullmatch(r"brief_[0-7][0-9abcdefghjkmnpqrstvwxyz]{25}", key)
    assert len(key) <= KEY_LENGTH


def test_keys_of_a_later_time_come_later() -> None:
    clock = SettableClock()
    new_key = UlidKeys(clock)

    keys = []
    for _ in range(200):
        keys.append(new_key("x"))
        clock.move(milliseconds=1)

    assert keys == sorted(keys)


def test_keys_of_the_same_millisecond_come_in_the_order_they_were_made() -> None:
    new_key = UlidKeys(SettableClock())

    keys = [new_key("x") for _ in range(1_000)]

    assert keys == sorted(set(keys))


def test_keys_keep_their_order_when_the_clock_goes_back() -> None:
    clock = SettableClock()
    new_key = UlidKeys(clock)

    first = new_key("x")
    clock.move(hours=-1)
    second = new_key("x")
    clock.move(hours=2)
    third = new_key("x")

    assert first < second < third


def test_two_makers_do_not_make_the_same_keys() -> None:
    clock = SettableClock()

    assert UlidKeys(clock)("x") != UlidKeys(clock)("x")


def test_the_time_is_in_the_key() -> None:
    early, late = SettableClock(START), SettableClock(START + timedelta(milliseconds=1))

    assert UlidKeys(early)("x")[:12] <= UlidKeys(late)("x")[:12]
    assert UlidKeys(early)("x")[:12] == UlidKeys(SettableClock(START))("x")[:12]
    assert UlidKeys(early)("x") < UlidKeys(late)("x")


def test_threads_make_different_keys() -> None:
    new_key = UlidKeys(SettableClock())
    keys: list[str] = []

    threads = [
        threading.Thread(target=lambda: keys.extend(new_key("x") for _ in range(500)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(keys)) == 2_000


def test_the_present_is_aware_and_in_utc() -> None:
    before = datetime.now(UTC)

    assert before <= utc_now() <= datetime.now(UTC)
    assert utc_now().tzinfo is UTC
