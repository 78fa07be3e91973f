"""Writes weather-stations.csv: invented readings of invented stations, the same on every run.

    python examples/data/make_weather_stations.py

2,000 rows with what real files have: gaps, a quoted comma, negative numbers, a column of dates.
"""

from __future__ import annotations

import csv
import datetime
import math
import random
from pathlib import Path

STATIONS = [
    ("AX-01", "Grunewick, harbour", 4),
    ("AX-02", "Grunewick, airport", 31),
    ("BE-07", "Tolmen Ridge", 1_284),
    ("CO-11", "Little Varn", 212),
    ("DU-03", "Osterholm", 58),
]
FIRST_DAY = datetime.date(2025, 1, 1)
DAYS = 400
HEADER = [
    "station", "name", "altitude_m", "date", "temperature_c", "rain_mm", "wind_m_s", "snow",
    "remark",
]  # fmt: skip
REMARKS = ["", "", "", "", "", "", "", "", "sensor replaced", "fog, dense", 'read as "calm"']
#: Share of readings that the station did not send.
GAPS = 0.02


def row(station: tuple[str, str, int], day: int, chance: random.Random) -> list[object]:
    """One station's readings of one day."""
    code, name, altitude_m = station
    season = -math.cos(2 * math.pi * day / 365)
    temperature_c = round(9 + 10 * season - altitude_m / 160 + chance.gauss(0, 3), 1)
    rain_mm = round(max(0.0, chance.gauss(-1, 4)), 1)
    wind_m_s = round(abs(chance.gauss(0, 5)), 1)
    readings: list[object] = [temperature_c, rain_mm, wind_m_s]
    sent = [value if chance.random() > GAPS else "" for value in readings]
    snow = "yes" if temperature_c < 0 < rain_mm else "no"
    date = FIRST_DAY + datetime.timedelta(days=day)
    return [code, name, altitude_m, date.isoformat(), *sent, snow, chance.choice(REMARKS)]


def write(path: Path) -> None:
    chance = random.Random(202)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for day in range(DAYS):
            writer.writerows(row(station, day, chance) for station in STATIONS)


if __name__ == "__main__":
    write(Path(__file__).with_name("weather-stations.csv"))
