"""The cache keeps the values that are used again, within a weight."""

import pytest

from repositories.cache import Cache

LIMIT = 80_000


@pytest.fixture
def cache() -> Cache:
    return Cache(LIMIT)


def kept(cache: Cache, keys: str) -> str:
    return "".join(key for key in keys if cache.get(key) is not None)


def test_what_is_kept_weighs_no_more_than_the_limit(cache: Cache) -> None:
    for number in range(100):
        cache.keep(number, object(), number * 100)

        assert 0 < cache.weight <= LIMIT
    assert 0 < len(cache) < 100


def test_what_was_not_used_longest_goes_first(cache: Cache) -> None:
    for key in "abcdefgh":
        cache.keep(key, object(), 9_000)
    assert kept(cache, "ac") == "ac"

    for key in "ij":
        cache.keep(key, object(), 9_000)

    assert kept(cache, "abcdefghij") == "acefghij"


def test_the_newest_is_kept_though_all_others_were_used(cache: Cache) -> None:
    for key in "abcdefgh":
        cache.keep(key, object(), 9_000)
    assert kept(cache, "abcdefgh") == "abcdefgh"

    cache.keep("i", object(), 9_000)

    assert kept(cache, "abcdefghi") == "bcdefghi"


def test_what_is_too_heavy_is_not_kept_and_drives_out_nothing(cache: Cache) -> None:
    cache.keep("small", object(), 1_000)

    cache.keep("large", object(), LIMIT // 8)

    assert cache.get("large") is None
    assert cache.get("small") is not None


def test_in_place_of_a_value_comes_another(cache: Cache) -> None:
    cache.keep("key", "first", 5_000)
    weight = cache.weight

    cache.keep("key", "second", 5_000)

    assert cache.get("key") == "second"
    assert cache.weight == weight


def test_what_grows_makes_others_go(cache: Cache) -> None:
    growing = object()
    number = cache.keep("growing", growing, 1_000)
    for key in "abcdefgh":
        cache.keep(key, object(), 9_000)

    cache.grow("growing", number, 8_000)

    assert cache.get("growing") is growing
    assert kept(cache, "abcdefgh") == "bcdefgh"


def test_what_grows_too_heavy_is_dropped(cache: Cache) -> None:
    growing = object()
    number = cache.keep("growing", growing, 1_000)

    cache.grow("growing", number, LIMIT // 8)

    assert cache.get("growing") is None
    assert (cache.weight, len(cache)) == (0, 0)


def test_what_is_not_kept_any_more_grows_for_nobody(cache: Cache) -> None:
    first = cache.keep("key", "first", 5_000)
    cache.keep("key", "second", 5_000)
    weight = cache.weight

    cache.grow("key", first, 1_000)
    cache.grow("other", first, 1_000)

    assert cache.weight == weight
