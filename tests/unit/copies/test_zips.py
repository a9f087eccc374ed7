"""Bundles are ordinary ZIP files: judged by other people's programs and by their own headers."""

from __future__ import annotations

import io
import random
import shutil
import struct
import subprocess
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.copies.format import zips
from core.copies.format.zips import Bundle, Member, deflate, worth_packing

_CHANCE = random.Random(4)
SAMPLES: dict[str, bytes] = {
    "leer.bin": b"",
    "klein.txt": b"x",
    "Preise Büro €.csv": b"Nr;Name;Preis\n" * 2000,
    "bild.jpg.teil-000001": _CHANCE.randbytes(50_000),
    "nullen.teil-000002": bytes(300_000),
    "halb.bin": _CHANCE.randbytes(9000) + bytes(9000),
}


def bundle(samples: dict[str, bytes]) -> tuple[bytes, dict[str, Member]]:
    built = Bundle()
    places = {name: built.add(name, memoryview(data)) for name, data in samples.items()}
    return bytes(built.finish()), places


def unpack(whole: bytes, place: Member) -> bytes:
    stored = whole[place.offset : place.offset + place.stored]
    return zlib.decompress(stored, -15) if place.packing == "deflate" else stored


def test_python_opens_it() -> None:
    with zipfile.ZipFile(io.BytesIO(bundle(SAMPLES)[0])) as archive:
        assert archive.testzip() is None
        assert {info.filename: archive.read(info) for info in archive.infolist()} == SAMPLES


@pytest.mark.parametrize("command", [["unzip", "-t"], ["7z", "t"], ["busybox", "unzip", "-t"]])
def test_other_programs_open_it(command: list[str], tmp_path: Path) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]} here")
    place = tmp_path / "teile-0001.zip"
    place.write_bytes(bundle(SAMPLES)[0])
    done = subprocess.run([*command, str(place)], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_stock_program_gives_the_bytes_back(tmp_path: Path) -> None:
    if shutil.which("unzip") is None:
        pytest.skip("no unzip here")
    place = tmp_path / "b.zip"
    place.write_bytes(bundle(SAMPLES)[0])
    subprocess.run(["unzip", "-q", str(place), "-d", str(tmp_path / "aus")], check=True)
    assert {path.name: path.read_bytes() for path in (tmp_path / "aus").iterdir()} == SAMPLES
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in (tmp_path / "aus").iterdir())


@given(st.lists(st.binary(max_size=3000), max_size=8))
def test_offsets_point_at_the_data(contents: list[bytes]) -> None:
    samples = {f"m.teil-{number:06d}": data for number, data in enumerate(contents)}
    whole, places = bundle(samples)
    assert {name: unpack(whole, place) for name, place in places.items()} == samples


def test_headers_hold_what_the_format_promises() -> None:
    whole, places = bundle(SAMPLES)
    at = 0
    for name, data in SAMPLES.items():
        head = struct.unpack_from("<4sHHHHHIIIHH", whole, at)
        signature, version, flags, method, _, _, crc, stored, size, name_length, extra = head
        assert (signature, version, extra) == (b"PK\x03\x04", 20, 0)
        assert flags == 0x800  # UTF-8 names and nothing else: no data descriptor, no encryption
        assert method in (0, 8)
        assert (crc, stored, size) == (zlib.crc32(data), places[name].stored, len(data))
        assert whole[at + 30 : at + 30 + name_length].decode() == name
        assert places[name].offset == at + 30 + name_length
        assert (method == 8) == (places[name].packing == "deflate")
        at = places[name].offset + stored
    assert b"PK\x06\x06" not in whole[at:]  # no Zip64 end
    assert b"PK\x06\x07" not in whole[at:]


def test_what_packs_is_packed_and_the_rest_is_not() -> None:
    places = bundle(SAMPLES)[1]
    assert places["nullen.teil-000002"].packing == "deflate"
    assert places["Preise Büro €.csv"].packing == "deflate"
    assert places["bild.jpg.teil-000001"][1:] == (50_000, "roh")
    assert places["leer.bin"].stored == 0
    assert not worth_packing(SAMPLES["bild.jpg.teil-000001"])


@given(st.binary(max_size=2000), st.integers(0, 3))
def test_raw_deflate_is_complete_in_itself(data: bytes, level: int) -> None:
    unpacker = zlib.decompressobj(-15)
    assert unpacker.decompress(deflate(data, level)) == data
    assert unpacker.eof


def test_a_bundle_is_full_before_zip64(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "MAX_MEMBERS", 3)
    built = Bundle()
    for number in range(3):
        assert not built.is_full
        built.add(f"m-{number}", b"")
    assert built.is_full


def test_a_bundle_is_full_by_size() -> None:
    built = Bundle()
    built.add("m", _CHANCE.randbytes(zips.TARGET_BYTES // 2))
    assert not built.is_full
    built.add("n", _CHANCE.randbytes(zips.TARGET_BYTES // 2))
    assert built.is_full


def test_the_caps_of_the_format_leave_zip64_far_away() -> None:
    largest_part = 16 << 20
    assert zips.MAX_MEMBERS < 0xFFFF
    assert zips.TARGET_BYTES + largest_part + zips.MAX_MEMBERS * 500 < 0xFFFFFFFF


def test_the_most_members_open_everywhere() -> None:
    built = Bundle()
    for number in range(zips.MAX_MEMBERS):
        built.add(f"{number}", b"")
    with zipfile.ZipFile(io.BytesIO(built.finish())) as archive:
        assert len(archive.infolist()) == zips.MAX_MEMBERS


def test_an_empty_bundle_is_a_zip() -> None:
    assert zipfile.ZipFile(io.BytesIO(Bundle().finish())).namelist() == []


def test_a_room_serves_one_bundle_after_the_other() -> None:
    room = bytearray()
    for round_ in range(3):
        samples = {f"{round_}-{name}": data[round_:] for name, data in SAMPLES.items()}
        if round_ == 1:
            samples = dict(list(samples.items())[:2])  # a small one where a large one was
        built = Bundle(room)
        for name, data in samples.items():
            built.add(name, memoryview(data))
        with built.finish() as whole, zipfile.ZipFile(io.BytesIO(whole)) as archive:
            assert archive.testzip() is None
            assert {info.filename: archive.read(info) for info in archive.infolist()} == samples
