"""Replay: it yields the ticks of LEAN's files in time order, and counts every line."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from trading_system.venue.replay import Replay, ReplayError, open_replay
from trading_system.venue.ticks import Quote, Tick, Trade

OPEN = 34_200_000
TRADES = ["30000000,1815200,283,P,2000,0", "34200100,1819000,200,P,1,0", "34203000,1819100,50,Q,20000020,0"]
QUOTES = ["34200072,1816900,200,0,0,Q,1,0", "34202000,0,0,1822000,100,P,800,0", "34202500,1,1,0,0,P,1,1"]
REAL_DAY = Path(__file__).parents[5] / "shared/data/lean/equity/usa/tick/ibm"


def zipped(folder: Path, kind: str, lines: Sequence[str], day: str = "20131007") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{day}_{kind}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{day}_{folder.name}_{kind}.csv", "\n".join(lines))
    return path


def replayed(
    folder: Path, *, start: int = OPEN, speed: float = 1.0
) -> tuple[Replay, list[tuple[float, Tick]]]:
    replay, ticks = open_replay(folder, start=start, speed=speed)
    return replay, list(ticks)


@pytest.fixture
def day(tmp_path: Path) -> Path:
    folder = tmp_path / "ibm"
    zipped(folder, "trade", TRADES)
    zipped(folder, "quote", QUOTES)
    return folder


def test_trades_and_quotes_come_merged_in_time_order(day: Path) -> None:
    _, ticks = replayed(day)
    assert ticks == [
        (0.072, Quote("IBM", 1816900, 200, "Q", 0, 0, "", ("R",))),
        (0.1, Trade("IBM", 1819000, 200, "P", ("@",))),
        (2.0, Quote("IBM", 0, 0, "", 1822000, 100, "P", ("800",))),
        (3.0, Trade("IBM", 1819100, 50, "Q", ("20000020",))),
    ]


def test_speed_shortens_the_time_between_ticks(day: Path) -> None:
    assert [elapsed for elapsed, _ in replayed(day, speed=10)[1]] == [0.0072, 0.01, 0.2, 0.3]


def test_every_line_is_a_tick_or_dropped_for_a_reason(day: Path) -> None:
    assert replayed(day)[0].counts() == {
        "lines": 6,
        "ticks": 4,
        "dropped": {"before_start": 1, "suspicious": 1},
        "span": {"from": "2013-10-07T09:30:00.072", "to": "2013-10-07T09:30:03.000"},
    }


def test_in_the_middle_of_a_replay_the_counts_balance(day: Path) -> None:
    replay, ticks = open_replay(day, start=OPEN, speed=1)
    for sent, _ in enumerate(ticks):
        assert replay.ticks == sent
        assert replay.lines == replay.ticks + sum(replay.dropped.values())


@pytest.mark.parametrize(
    "line", ["", "noise", "34200500,1,2", "34200500,x,200,P,1,0", "34200500,1,2,P,1,0,9,9,9"]
)
def test_a_malformed_line_is_dropped_and_counted(day: Path, line: str) -> None:
    zipped(day, "trade", [TRADES[1], line, TRADES[2]])
    replay, ticks = replayed(day)
    assert (replay.dropped["malformed"], len(ticks)) == (1, 4)


def test_the_parent_folder_replays_every_symbol_in_it(tmp_path: Path) -> None:
    zipped(tmp_path / "ibm", "trade", ["34200002,1819000,200,P,1,0"])
    zipped(tmp_path / "aapl", "trade", ["34200001,4819000,200,Q,1,0"])
    replay, ticks = replayed(tmp_path)
    assert replay.symbols == ("AAPL", "IBM")
    assert [tick.symbol for _, tick in ticks] == ["AAPL", "IBM"]


def test_days_follow_one_another_without_the_night(tmp_path: Path) -> None:
    for date in ("20131008", "20131007"):
        zipped(tmp_path / "ibm", "trade", ["34200500,1819000,200,P,1,0"], date)
    replay, ticks = replayed(tmp_path)
    assert [elapsed for elapsed, _ in ticks] == [0.5, 1.0]
    assert replay.span == {"from": "2013-10-07T09:30:00.500", "to": "2013-10-08T09:30:00.500"}


def test_a_missing_folder_is_reported_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(
        ReplayError, match=r"^the replay folder '.*nowhere' does not exist; give one such as .*ibm$"
    ):
        replayed(tmp_path / "nowhere")


def test_a_folder_without_ticks_is_reported_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "20131007_trade.csv").touch()
    with pytest.raises(
        ReplayError, match=r"has no ticks; it needs YYYYMMDD_trade\.zip and YYYYMMDD_quote\.zip"
    ):
        replayed(tmp_path)


def test_a_start_after_the_last_tick_is_reported_in_one_sentence(day: Path) -> None:
    with pytest.raises(ReplayError, match=r"has no ticks from 21:00:00\.000 on; give an earlier start$"):
        replayed(day, start=21 * 3_600_000)


def test_a_truncated_zip_is_reported_in_one_sentence(day: Path) -> None:
    torn = day / "20131007_quote.zip"
    torn.write_bytes(torn.read_bytes()[:-30])
    with pytest.raises(
        ReplayError,
        match=r"^the replay file '.*_quote\.zip' is not a complete zip \(.*\); download it again$",
    ):
        replayed(day)


def test_a_zip_with_a_damaged_byte_is_reported_in_one_sentence(day: Path) -> None:
    torn = day / "20131007_quote.zip"
    torn.write_bytes(torn.read_bytes().replace(b"1816900", b"1816901"))
    with pytest.raises(
        ReplayError, match=r"_quote\.zip' is damaged in '20131007_ibm_quote\.csv'; download it again$"
    ):
        replayed(day)


def test_a_zip_without_its_csv_is_reported_in_one_sentence(day: Path) -> None:
    with zipfile.ZipFile(day / "20131007_quote.zip", "w"):
        pass
    with pytest.raises(ReplayError, match=r"holds 0 files; a tick zip holds one CSV$"):
        replayed(day)


@pytest.mark.skipif(not REAL_DAY.is_dir(), reason="the files of the real day are not installed")
def test_the_real_day_is_replayed_to_its_last_line() -> None:
    replay, ticks = replayed(REAL_DAY)
    assert replay.lines == 109_067 + 24_293
    assert len(ticks) == replay.ticks == replay.lines - sum(replay.dropped.values())
    assert replay.dropped == {"before_start": 1_031, "suspicious": 1}
