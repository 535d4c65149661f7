"""A bound on how many different members a group may have: the first ones of the log are admitted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dataflows.operators import packing
from dataflows.operators.ordering import distinct
from dataflows.operators.segments import Bools, Ints, found_in, merge_sorted, starts_of

State = dict[str, packing.Wide]


class Admission:
    """Admits the first `most` members of each group, topic by topic.

    Each topic's log alone decides, so neither batches nor the turns in which topics are read are of any consequence.

    Example:
        >>> admission = Admission(2)
        >>> nine = np.full(4, 9)
        >>> admission.admit("t", nine, np.array([7, 5, 7, 6]), np.arange(4)).tolist()
        [True, True, True, False]
    """

    def __init__(self, most: int) -> None:
        """`most` members of one group in one topic."""
        self._most = most
        self.keys: State = {}

    def admit(self, topic: str, group: Ints, member: Ints, at: Ints) -> Bools:
        """Returns which rows are of admitted members.

        Args:
            topic: The topic that tells of them.
            group: Groups, shape (n,).
            member: Codes of members.
            at: Places in the order of the log; those of one batch are enough.
        """
        keys, place = distinct(packing.wide(group, member))
        held = self.keys.get(topic, np.empty(0, np.complex128))
        known, _ = found_in(keys, held)
        if len(held) + len(keys) > self._most and not known.all():
            first = np.full(len(keys), np.iinfo(np.int64).max)
            np.minimum.at(first, place, at)
            admitted = known | self._fits(keys, ~known, first, held)
        else:
            admitted = np.ones(len(keys), np.bool_)
        self.keys[topic] = merge_sorted(held, keys[admitted & ~known])
        return admitted[place]

    def _fits(self, keys: packing.Wide, new: Bools, first: Ints, held: packing.Wide) -> Bools:
        """Marks the new keys that come before their group is full."""
        rows = np.flatnonzero(new)
        group = packing.first_word(keys[rows])
        rows = rows[np.lexsort((first[rows], group))]
        group = packing.first_word(keys[rows])
        starts = starts_of(group)
        nth = np.arange(len(rows)) - np.repeat(starts, np.diff(starts, append=len(rows)))
        groups = packing.first_word(held)
        before = np.searchsorted(groups, group, side="right") - np.searchsorted(groups, group, side="left")
        fits = np.zeros(len(keys), np.bool_)
        fits[rows[before + nth < self._most]] = True
        return fits

    def keep(self, lasts: Callable[[Ints], Bools]) -> None:
        """Forgets the groups for which `lasts` is False."""
        for topic, keys in self.keys.items():
            mask = lasts(packing.first_word(keys))
            if not mask.all():
                self.keys[topic] = keys[mask]

    def members(self) -> Ints:
        """Returns the codes of members that are spoken of, with repeats."""
        return packing.second_word(np.concatenate([np.empty(0, np.complex128), *self.keys.values()]))

    def renumber(self, code: Ints) -> None:
        """Gives members other codes, in the same order."""
        for topic, keys in self.keys.items():
            self.keys[topic] = packing.wide(packing.first_word(keys), code[packing.second_word(keys)])

    def state(self) -> State:
        """Returns what a snapshot must hold."""
        return dict(self.keys)

    def restore(self, state: State) -> None:
        """Continues from a snapshot's state."""
        self.keys = dict(state)
