from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows.events.ids import canonical_uuid, split_ids


@given(st.lists(st.uuids(), max_size=5))
def test_split_ids_are_the_halves_of_the_uuids(uuids: list[UUID]) -> None:
    high, low, valid = split_ids([str(uuid) for uuid in uuids])
    assert [h << 64 | lo for h, lo in zip(high.tolist(), low.tolist(), strict=True)] == [uuid.int for uuid in uuids]
    assert valid.all()


_ANY_36 = st.text(min_size=36, max_size=36) | st.text("0123456789abcdefABCDEF- \n", min_size=36, max_size=36)


@given(st.lists(_ANY_36 | st.uuids().map(str) | st.uuids().map(lambda uuid: str(uuid).upper()), max_size=4))
def test_bulk_and_single_parsing_agree_on_what_a_uuid_is(texts: list[str]) -> None:
    high, low, valid = split_ids(texts)
    assert valid.tolist() == [canonical_uuid(text) is not None for text in texts]
    for text, h, lo, ok in zip(texts, high.tolist(), low.tolist(), valid.tolist(), strict=True):
        assert not ok or UUID(text).int == h << 64 | lo


@given(st.uuids(), st.integers(0, 35), st.sampled_from(" \n_-gé\u0661"))
def test_one_wrong_character_anywhere_is_no_uuid_and_leaves_its_neighbours_alone(
    uuid: UUID, at: int, wrong: str
) -> None:
    text = str(uuid)
    if text[at] == wrong:
        return
    high, low, valid = split_ids([text, text[:at] + wrong + text[at + 1 :], text])
    assert valid.tolist() == [True, False, True]
    assert int(high[2]) << 64 | int(low[2]) == uuid.int


@pytest.mark.parametrize("text", ["", "1", "{6f9619ff-8b86-4011-b42d-00c04fc964ff}", "6f9619ff8b864011b42d00c04fc964f"])
def test_other_texts_are_no_uuid(text: str) -> None:
    assert canonical_uuid(text) is None
