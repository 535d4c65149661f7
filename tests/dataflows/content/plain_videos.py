"""The rule of `docs/video.md`, told slowly: one event after the other, one view after the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from dataflows.content.marks import Flag, FoldRules
from tests.dataflows.content.watching import KINDS, Said

DAY_MS = 86_400_000
Row = dict[str, int | None]


def ms(value: float | None, highest: int = DAY_MS) -> int | None:
    whole = None if value is None else round(value * 1000)
    return whole if whole is not None and 0 <= whole <= highest else None


def in_view(event: Said) -> bool:
    return event.session >= 0 and event.kind in {"play", "pause", "stop", "complete", "seek", "ping"}


def plain_views(events: list[Said], low_ms: int, rules: FoldRules) -> list[Row]:
    """Returns the rows; `events` of all students in the order of (member, time)."""
    views: dict[tuple[int, int, int], list[int]] = {}
    for index, event in enumerate(events):
        if in_view(event):
            views.setdefault((event.member, event.session, event.video), []).append(index)
    rows = [_row(key, at, events, low_ms, rules) for key, at in views.items()]
    return sorted(rows, key=lambda row: (row["member"], row["start_ms"], row["video"]))


@dataclass
class Player:
    """A player that hears of one event after the other."""

    length: int | None
    rules: FoldRules
    position: int = 0
    playing: bool = False
    rate: int = 1000
    sent: int | None = None
    at: int = 0
    heard: bool = False
    stretches: list[tuple[int, int, int]] = field(default_factory=list)

    def run(self, elapsed: int, reported: int | None) -> None:
        """Plays for a while; `reported` is where the next event says that it came to."""
        if not self.playing:
            return
        ran = elapsed * self.rate // 1000
        end = self.position + ran
        if reported is not None and self.position <= reported <= end + 2000:
            end = reported
        end = end if self.length is None else min(end, self.length)
        if end > self.position:
            self.stretches.append((self.position, end, self.rate))
        self.position = end

    def hear(self, event: Said) -> None:
        """Takes the next event."""
        now = round(event.at * 1000)
        position, begun, target = ms(event.position), ms(event.from_), ms(event.to)
        if event.kind == "complete" and position is None:
            position = self.length
        if self.heard:
            elapsed = now - self.at
            if event.kind == "play":
                elapsed = min(elapsed, self.rules.idle_cap_ms)
            self.run(elapsed, begun if event.kind == "seek" else position)
        sent = next((v for v in (target, position, begun) if v is not None), None) if event.kind == "seek" else position
        self._state(event, sent, now)
        self.rate = ms(event.rate, 16_000) or self.rate
        if event.kind == "complete":
            self.position = 0
        elif sent is not None:
            self.position = sent if self.length is None else min(sent, self.length)
        self.sent, self.at, self.heard = sent, now, True

    def _state(self, event: Said, sent: int | None, now: int) -> None:
        if event.kind == "play":
            self.playing = True
        elif event.kind in {"pause", "stop", "complete"}:
            self.playing = False
        elif event.kind == "ping" and sent is not None:
            if self.sent is None or abs(sent - self.sent) >= 500:
                self.playing = True
            elif now - self.at > 2000:
                self.playing = False


def open_end(index: int, events: list[Said], low_ms: int, rules: FoldRules) -> int:
    """Returns how long a video plays on after the last event of its view."""
    mine = events[index]
    start = round(mine.at * 1000)
    later = [e for e in events[index + 1 :] if e.member == mine.member]
    for event in later:
        if KINDS[event.kind] & Flag.LEAVES or event.kind in {"play", "pause", "stop", "complete", "seek", "ping"}:
            return min(round(event.at * 1000) - start, rules.idle_cap_ms)
    latest = round((later[-1] if later else mine).at * 1000)
    known = latest >= start + rules.idle_cap_ms or low_ms >= latest + rules.idle_cap_ms
    return rules.idle_cap_ms if known else 0


def _row(key: tuple[int, int, int], at: list[int], events: list[Said], low_ms: int, rules: FoldRules) -> Row:
    lengths = [found for i in at if (found := ms(events[i].length))]
    length = max(lengths, default=None)
    player = Player(length, rules)
    for i in at:
        player.hear(events[i])
    player.run(open_end(at[-1], events, low_ms, rules), None)
    passes = [(start, end) for start, end, _rate in player.stretches]
    watched, unique = sum(end - start for start, end in passes), int(covered(passes, 1, 0, DAY_MS * 2))
    weighted = sum((end - start) * rate for start, end, rate in player.stretches)
    pct = rounded(Fraction(unique * 1_000_000, length)) if length else None
    class_code = [events[i].class_code for i in at if events[i].class_code >= 0]
    return {
        "member": key[0],
        "session": key[1],
        "video": key[2],
        "start_ms": round(events[at[0]].at * 1000),
        "class_code": class_code[-1] if class_code else None,
        "watched_ms": watched,
        "unique_ms": unique,
        "rewatched_ms": watched - unique,
        "duration_ms": length,
        "seeks": sum(events[i].kind == "seek" for i in at),
        "rate_milli": rounded(Fraction(weighted, watched)) if watched else None,
        "completed": int(any(events[i].kind == "complete" for i in at) or (pct or 0) >= 900_000),
        "watch_pct": pct,
        "bins": twentieths(passes, 1, length),
        "rewatched_bins": twentieths(passes, 2, length),
    }


def rounded(value: Fraction) -> int:
    return int(value + Fraction(1, 2))


def covered(passes: list[tuple[int, int]], times: int, low: Fraction | int, high: Fraction | int) -> Fraction | int:
    """Returns how much of [low, high) lies under so many passes."""
    edges = sorted({low, high, *(edge for one in passes for edge in one if low < edge < high)})
    return sum(
        b - a
        for a, b in zip(edges, edges[1:], strict=False)
        if sum(start <= a and b <= end for start, end in passes) >= times
    )


def twentieths(passes: list[tuple[int, int]], times: int, length: int | None) -> int:
    if not length:
        return 0
    part = Fraction(length, 20)
    return sum(1 << k for k in range(20) if 2 * covered(passes, times, k * part, (k + 1) * part) >= part)
