# SPDX-License-Identifier: BSD-3-Clause
"""Numbers of resources."""

from concurrent.futures import ThreadPoolExecutor

from nepi.util.guid import GuidGenerator


def test_guids_count_from_one() -> None:
    guids = GuidGenerator()

    assert [guids.next(), guids.generate(), guids.next()] == [1, 2, 3]


def test_a_guid_given_by_hand_is_not_handed_out_again() -> None:
    guids = GuidGenerator()

    assert guids.next(5) == 5
    assert guids.next() == 6
    assert guids.next(2) == 2
    assert guids.next() == 7


def test_threads_never_get_the_same_guid() -> None:
    guids = GuidGenerator()
    with ThreadPoolExecutor(4) as pool:
        found = [done.result() for done in [pool.submit(guids.next) for _ in range(1000)]]

    assert sorted(found) == list(range(1, 1001))
