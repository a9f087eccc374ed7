"""The tests' own tools: a helper that sees nothing would make every test green."""

from __future__ import annotations

import base64
import errno
import gzip
import os
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
import zipfile
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import cli, mounts
from tests.support.disks import (
    MIB,
    Disk,
    DiskDrawer,
    Kind,
    disks,  # noqa: F401  (a fixture)
    exfat,
    ext4,
    ntfs,
    pull,
    read_only,
    requires_fuse,
    requires_root,
    tmpfs,
    unplugged,
)
from tests.support.mounts import is_mounted, mount_points
from tests.support.nodes import BLOCK, File, Folder, below
from tests.support.powercut import PowerCutDisk
from tests.support.secrets_search import (
    find_secret,
    find_secret_in_processes,
    obscure,
    proc_exposure,
    reveal,
)
from tests.support.trees import (
    Filesystem,
    Snapshot,
    compare,
    hostile_names,
    hostile_tree,
    mutate,
    rewrite_keeping_times,
    shop_tree,
    snapshot,
)
from tests.support.volume import Volume

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECRET = "Strandkorb-Ä7/zwölf+x"
posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX names and modes")


# ------------------------------------------------------------------ trees


def test_hostile_tree_holds_what_it_promises(tmp_path: Path) -> None:
    hostile_tree(tmp_path / "a")
    seen = snapshot(tmp_path / "a")
    names = {path.rpartition(b"/")[2] for path in seen}
    assert names >= {b"$(touch pwned)", b"%PATH%", b"-rf", b"\n", b"leer ", b"punkt.", b"CON"}
    assert names >= {b"\xff", b"Latin-1 M\xe4rz.txt", "🐘.jpg".encode(), b"a" * 255}
    assert names >= {b"inhalt.tsv.gz", b"teile", b"lang", b"ladentresor", b"umgepackt"}
    assert max(map(len, seen)) > 700
    twins = [b"Zwilling.txt", b"ZWILLING.TXT", "Caf\u00e9.txt".encode(), "Cafe\u0301.txt".encode()]
    for folder, inner in ((b"namen/", b""), (b"ordner/", b"/inhalt.txt")):
        contents = {seen[folder + name + inner].sha256 for name in twins}
        assert len(contents) == len(twins)
    assert {entry.kind for entry in seen.values()} == {"file", "folder", "link"}
    assert {entry.mode for entry in seen.values() if entry.kind == "file"} >= {0o400, 0o600, 0o755}
    assert min(entry.mtime_ns for entry in seen.values()) < -900_000_000 * 10**9
    assert max(entry.mtime_ns for entry in seen.values()) > 4_102_444_800 * 10**9
    assert seen[b"verweise/hart-2.bin"].group == b"verweise/hart-1.bin"
    assert seen[b"verweise/ins-leere"].target == b"gibt es nicht"
    sparse = (tmp_path / "a/formen/loecher.bin").stat()
    assert sparse.st_blocks * 512 < sparse.st_size / 4


def test_hostile_tree_has_special_files_and_the_snapshot_steps_over_them(tmp_path: Path) -> None:
    hostile_tree(tmp_path)
    assert stat.S_ISFIFO((tmp_path / "sonder/rohr").lstat().st_mode)
    assert stat.S_ISSOCK((tmp_path / "sonder/buchse").lstat().st_mode)
    below = [path for path in snapshot(tmp_path) if path.startswith(b"sonder/")]
    assert below == [b"sonder/daneben.txt"]


def test_trees_follow_from_their_seed(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        hostile_tree(tmp_path / name / "h", seed=seed)
        shop_tree(tmp_path / name / "s", seed=seed, big_mib=2)
        for day in (1, 2, 3):
            mutate(tmp_path / name / "s", seed=seed, day=day)
            mutate(tmp_path / name / "h", seed=seed, day=day)
        (tmp_path / name / "h/verweise/absolut").unlink()  # holds the path of its own tree
        os.utime(tmp_path / name / "h/verweise", ns=(0, 0))
    first, same, other = (snapshot(tmp_path / name) for name in "abc")
    for seen in (first, same, other):
        for top in (b"h", b"s"):
            seen.pop(top)  # made by us, now
    assert compare(first, same) == []
    assert len(compare(first, other)) > 100


@pytest.mark.parametrize("filesystem", ["ntfs", "exfat"])
def test_names_are_left_out_where_a_disk_cannot_hold_them(filesystem: Filesystem) -> None:
    names = hostile_names(filesystem)
    assert len(names) > 80
    assert not {b"frage?", b"\xff", b"tab\ttab"} & set(names)
    assert (b"ZWILLING.TXT" in names) == (filesystem == "ntfs")
    assert (b"CON" in names) == (filesystem == "exfat")


def _swap_byte(root: Path) -> None:
    rewrite_keeping_times(root / "a", seed=1)


def _retarget(root: Path) -> None:
    status = (root / "l").lstat()
    (root / "l").unlink()
    (root / "l").symlink_to("anders")
    os.utime(root / "l", ns=(0, status.st_mtime_ns), follow_symlinks=False)
    os.utime(root, ns=(0, 0))


def _break_link(root: Path) -> None:
    status = (root / "h2").stat()
    shutil.copy(root / "h2", root / "neu")
    (root / "neu").replace(root / "h2")
    os.utime(root / "h2", ns=(0, status.st_mtime_ns))


def _become_folder(root: Path) -> None:
    (root / "a").unlink()
    (root / "a").mkdir()


@posix_only
@pytest.mark.parametrize(
    ("change", "word"),
    [
        (_swap_byte, "'a': content"),
        (lambda root: os.truncate(root / "a", 3), "'a': size 10 became 3"),
        (lambda root: (root / "a").chmod(0o600), "'a': mode 0640 became 0600"),
        (lambda root: os.utime(root / "d", ns=(0, 7)), "'d': mtime"),
        (lambda root: os.setxattr(root / "a", "user.x", b"2"), "'a': xattrs"),
        (_retarget, "'l': link to 'ziel' became link to 'anders'"),
        (_break_link, "'h2': hard link of 'h1' became nothing"),
        (lambda root: (root / "a").unlink(), "missing: 'a'"),
        (lambda root: (root / "neu\n").touch(), r"too much: 'neu\n'"),
        (_become_folder, "'a': file became folder"),
    ],
)
def test_compare_says_what_differs(
    tmp_path: Path, change: Callable[[Path], object], word: str
) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    (tmp_path / "a").chmod(0o640)
    os.setxattr(tmp_path / "a", "user.x", b"1")
    (tmp_path / "d").mkdir()
    (tmp_path / "l").symlink_to("ziel")
    (tmp_path / "h1").write_bytes(b"h")
    (tmp_path / "h2").hardlink_to(tmp_path / "h1")
    before = snapshot(tmp_path)
    assert compare(before, snapshot(tmp_path)) == []
    change(tmp_path)
    after = snapshot(tmp_path)
    assert any(line.startswith(word) for line in compare(before, after)), compare(before, after)


def test_compare_can_look_away(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"x")
    os.utime(file, ns=(0, 1000))
    before = snapshot(tmp_path)
    file.chmod(0o600)
    os.utime(file, ns=(0, 1090))
    after = snapshot(tmp_path)
    assert len(compare(before, after)) == 2
    assert compare(before, after, modes=False, mtime_slack_ns=100) == []
    assert compare(before, after, modes=False, mtimes=False) == []
    assert b"" in snapshot(tmp_path, with_root=True)


def test_a_day_in_the_shop(tmp_path: Path) -> None:
    """Every kind of change that mutate promises is there on every day."""
    shop_tree(tmp_path, files=60, big_mib=2)
    days = [snapshot(tmp_path)]
    for day in range(1, 5):
        mutate(tmp_path, seed=1, day=day)
        days.append(snapshot(tmp_path))
        old, new = days[-2:]
        differences = compare(old, new)
        assert _kinds(old, new) >= {
            "new", "gone", "changed", "touched", "chmod", "moved", "file to folder",
            "folder to file",
        }  # fmt: skip
        assert any("shop.sql" in line for line in differences)
        assert old[b"Protokolle/kasse.log"] != new[b"Protokolle/kasse.log"]
    prices = [seen[b"Preise/preisliste.csv"].sha256 for seen in days]
    assert prices[0] == prices[2] == prices[4] != prices[1] == prices[3]
    log_moved = days[2][b"Protokolle/kasse.log.1"].sha256
    assert log_moved == days[1][b"Protokolle/kasse.log"].sha256
    dump_sizes = [seen[b"Sicherung/shop.sql"].size for seen in days]
    assert dump_sizes[0] == dump_sizes[1] < dump_sizes[2] == dump_sizes[3] < dump_sizes[4]


def _kinds(old: Snapshot, new: Snapshot) -> set[str]:
    kinds = set()
    contents = {entry.sha256 for entry in old.values() if entry.kind == "file"}
    for path in old.keys() | new.keys():
        was, now = old.get(path), new.get(path)
        if was is None or now is None:
            kinds.add("new" if was is None else "gone")
            if now and now.kind == "file" and now.sha256 in contents:
                kinds.add("moved")
        elif was.kind != now.kind:
            kinds.add(f"{was.kind} to {now.kind}")
        elif was.sha256 != now.sha256:
            kinds.add("changed")
        elif was.mode != now.mode:
            kinds.add("chmod")
        elif was.mtime_ns != now.mtime_ns and was.kind == "file":
            kinds.add("touched")
    return kinds


# ------------------------------------------------------------------ disks


def _errno(action: Callable[[], object]) -> int | None:
    try:
        action()
    except OSError as error:
        return error.errno
    return None


@pytest.mark.root
@requires_root
@pytest.mark.parametrize("kind", ["tmpfs", "ext4", "ntfs", "exfat"])
def test_disk_fills_turns_read_only_and_vanishes(
    kind: Kind,
    disks: DiskDrawer,  # noqa: F811
) -> None:
    disk = disks(kind, 16 * MIB)
    assert 0 < disk.free() <= 16 * MIB
    assert _errno(lambda: (disk.path / "voll").write_bytes(bytes(20 * MIB))) == errno.ENOSPC
    (disk.path / "voll").unlink()
    with read_only(disk.path):
        assert _errno((disk.path / "x").touch) == errno.EROFS
    (disk.path / "da").touch()
    with unplugged(disk) as empty:
        assert list(empty.iterdir()) == []
    assert is_mounted(disk.path)
    assert (disk.path / "da").exists() == (kind != "tmpfs")
    if kind == "tmpfs":
        with pytest.raises(ValueError, match="unplug"):
            pull(disk)
        return
    file = (disk.path / "offen").open("wb", buffering=0)
    pull(disk)
    gone = errno.EIO if kind == "ext4" else errno.ENOTCONN
    assert _errno((disk.path / "x").touch) == gone
    assert _errno(lambda: file.write(b"x")) == gone
    assert _errno(file.close) == (None if kind == "ext4" else gone)
    disk.plug_in()
    (disk.path / "wieder").touch()


@pytest.mark.root
@requires_root
@pytest.mark.parametrize("make", [tmpfs, ext4, ntfs, exfat])
def test_disk_is_taken_away_also_after_a_failure(
    make: Callable[[int], AbstractContextManager[Disk]],
) -> None:
    paths: list[Path] = []

    def fail_with_a_file_open(later: ExitStack) -> None:
        with make(16 * MIB) as disk:
            paths.append(disk.path)
            later.enter_context(_open_to_lose(disk.path / "offen"))
            raise ZeroDivisionError

    with ExitStack() as later:
        with pytest.raises(ZeroDivisionError):
            fail_with_a_file_open(later)
        assert not is_mounted(paths[0])
        assert not paths[0].parent.exists()
    for _ in range(100):
        if str(paths[0].parent) not in _loops():
            return
        time.sleep(0.05)
    pytest.fail(_loops())


@contextmanager
def _open_to_lose(path: Path) -> Iterator[None]:
    """A file that a program has open while its disk goes; then even close() may fail."""
    file = path.open("wb", buffering=0)
    try:
        yield
    finally:
        _errno(file.close)


def _loops() -> str:
    command = ["losetup", "--list", "-O", "NAME,BACK-FILE"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.root
@requires_root
def test_leftovers_of_a_killed_run_are_cleared_away() -> None:
    code = (
        "from tests.support.disks import make_disk; import os;"
        "print(make_disk('ntfs', 16 << 20).path, flush=True); os._exit(1)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, stdout=subprocess.PIPE, text=True
    )
    left = Path(done.stdout.strip())
    assert is_mounted(left)
    assert str(left.parent) in _loops()
    mounts.clear_leftovers.cache_clear()
    mounts.clear_leftovers()
    assert left not in mount_points()
    assert not left.parent.exists()
    assert str(left.parent) not in _loops()


@pytest.mark.root
@requires_root
@pytest.mark.parametrize(
    ("kind", "filesystem"), [("ext4", "posix"), ("ntfs", "ntfs"), ("exfat", "exfat")]
)
def test_trees_live_on_real_disks(
    kind: Kind,
    filesystem: Filesystem,
    disks: DiskDrawer,  # noqa: F811
) -> None:
    disk = disks(kind, 128 * MIB)
    hostile_tree(disk.path / "h", filesystem=filesystem)
    shop_tree(disk.path / "s", big_mib=2)
    mutate(disk.path / "s", seed=1, day=1)
    before = snapshot(disk.path)
    disk.unplug()
    disk.plug_in()
    assert compare(before, snapshot(disk.path)) == []


# ------------------------------------------------------------------ power cuts: the model


def _volume(tmp_path: Path) -> Volume:
    (tmp_path / "platter").mkdir(exist_ok=True)
    return Volume(tmp_path / "platter")


def _put(volume: Volume, path: str, data: bytes, *, sync: bool = False) -> None:
    file = volume.create(path, 0o644, os.geteuid(), os.getegid())
    volume.write(file, data, 0)
    if sync:
        volume.fsync(file)


def _sync_folder(volume: Volume, path: str) -> None:
    folder = volume.find(path)
    assert isinstance(folder, Folder)
    volume.fsyncdir(folder)


def _mkdir(volume: Volume, path: str) -> None:
    volume.mkdir(path, 0o755, os.geteuid(), os.getegid())


@posix_only
def test_nothing_unflushed_survives_forgetting(tmp_path: Path) -> None:
    volume = _volume(tmp_path)
    _mkdir(volume, "/o")
    _put(volume, "/o/ganz", b"ganz", sync=True)
    _put(volume, "/o/ohne bytes", b"weg")
    _sync_folder(volume, "/o")
    _sync_folder(volume, "/")
    _put(volume, "/o/ohne namen", b"weg", sync=True)
    assert len(volume.cut("forget", 0)) > 2
    platter = tmp_path / "platter"
    found = {path.name: path.read_bytes() for path in (platter / "o").iterdir()}
    assert found == {"ganz": b"ganz", "ohne bytes": b""}


@posix_only
def test_names_need_every_folder_above(tmp_path: Path) -> None:
    volume = _volume(tmp_path)
    _mkdir(volume, "/o")
    _put(volume, "/o/datei", b"x", sync=True)
    _sync_folder(volume, "/o")
    volume.cut("forget", 0)
    assert list((tmp_path / "platter").iterdir()) == []


@posix_only
def test_rename_is_kept_whole_by_either_folder(tmp_path: Path) -> None:
    for folder in ("/von", "/nach"):
        volume = _volume(tmp_path)
        _mkdir(volume, "/von")
        _mkdir(volume, "/nach")
        _put(volume, "/von/a", b"x", sync=True)
        volume.sync_all()
        volume.rename("/von/a", "/nach/b")
        _sync_folder(volume, folder)
        volume.cut("forget", 0)
        platter = tmp_path / "platter"
        assert [path.name for path in platter.rglob("*")].count("a") == 0
        assert (platter / "nach/b").read_bytes() == b"x"
        shutil.rmtree(platter)


@posix_only
def test_rename_brings_along_what_it_needs(tmp_path: Path) -> None:
    """A new name and a new folder, neither flushed, and only the folder of the rename is."""
    volume = _volume(tmp_path)
    _mkdir(volume, "/alt")
    _put(volume, "/alt/kostbar", b"alt", sync=True)
    volume.sync_all()
    _mkdir(volume, "/neu")
    volume.rename("/alt/kostbar", "/neu/kostbar")
    _put(volume, "/alt/frisch", b"frisch", sync=True)
    volume.rename("/alt/frisch", "/neu/frisch")
    _put(volume, "/alt/spaeter", b"x", sync=True)
    _sync_folder(volume, "/neu")
    volume.cut("forget", 0)
    found = _on_disk(tmp_path / "platter")
    assert {path: data for path, data in found.items() if data} == {
        "/neu/kostbar": b"alt",
        "/neu/frisch": b"frisch",
    }


@posix_only
def test_deleted_file_stays_readable_for_who_has_it(tmp_path: Path) -> None:
    (tmp_path / "platter").mkdir()
    (tmp_path / "platter/f").write_bytes(b"noch da")
    volume = _volume(tmp_path)
    file = volume.find("/f")
    assert isinstance(file, File)
    volume.remove("/f")
    _sync_folder(volume, "/")
    assert list((tmp_path / "platter").iterdir()) == []
    assert volume.read(file, 100, 0) == b"noch da"


@posix_only
def test_replaced_file_is_old_or_new_or_torn_but_there(tmp_path: Path) -> None:
    """Write to a side file, no fsync, rename over: the classic mistake shows its classic damage."""
    seen = set()
    for seed in range(300):
        volume = _volume(tmp_path)
        _put(volume, "/ziel", b"alt" * 3000, sync=True)
        volume.sync_all()
        _put(volume, "/neben", b"neu" * 3000)
        volume.rename("/neben", "/ziel")
        volume.cut("random", seed)
        data = (tmp_path / "platter/ziel").read_bytes()
        known = {b"alt" * 3000: "old", b"neu" * 3000: "new", b"": "empty", bytes(9000): "zeros"}
        torn = "shorter" if len(data) < 9000 else "torn"
        seen.add(known.get(data, torn))
        shutil.rmtree(tmp_path / "platter")
    assert seen == {"old", "new", "empty", "zeros", "shorter", "torn"}


@posix_only
def test_flushed_survives_every_cut_unflushed_only_some(tmp_path: Path) -> None:
    fates: dict[str, set[bytes | None]] = {"ohne fsync": set(), "ohne Namen": set()}
    for seed in range(300):
        volume = _volume(tmp_path)
        _mkdir(volume, "/o")
        _put(volume, "/o/sicher", b"s" * 10_000, sync=True)
        _sync_folder(volume, "/o")
        _sync_folder(volume, "/")
        _put(volume, "/o/ohne fsync", b"u" * 10_000)
        _put(volume, "/o/ohne Namen", b"n" * 10_000, sync=True)
        volume.cut("random", seed)
        folder = tmp_path / "platter/o"
        assert (folder / "sicher").read_bytes() == b"s" * 10_000
        for name, fate in fates.items():
            path = folder / name
            fate.add(path.read_bytes() if path.exists() else None)
        shutil.rmtree(tmp_path / "platter")
    assert fates["ohne Namen"] == {None, b"n" * 10_000}  # fsync of the file keeps its bytes only
    assert {None, b"", b"u" * 10_000, bytes(10_000)} <= fates["ohne fsync"]
    assert len(fates["ohne fsync"]) > 10


@posix_only
def test_same_seed_same_damage(tmp_path: Path) -> None:
    pictures = []
    for _ in range(2):
        volume = _volume(tmp_path)
        for number in range(30):
            _put(volume, f"/{number}", b"x" * 500 * number, sync=number % 3 == 0)
        volume.cut("random", 5)
        pictures.append(snapshot(tmp_path / "platter"))
        shutil.rmtree(tmp_path / "platter")
    assert compare(*pictures, mtimes=False) == []
    assert 0 < len(pictures[0]) < 30


@posix_only
def test_overwritten_block_may_come_back_in_any_version(tmp_path: Path) -> None:
    seen = set()
    for seed in range(200):
        volume = _volume(tmp_path)
        _put(volume, "/f", b"0" * BLOCK, sync=True)
        volume.sync_all()
        file = volume.find("/f")
        assert isinstance(file, File)
        for version in (b"1", b"2", b"3"):
            volume.write(file, version * BLOCK, 0)
        volume.cut("random", seed)
        seen.add((tmp_path / "platter/f").read_bytes()[:1])
        shutil.rmtree(tmp_path / "platter")
    assert seen == {b"0", b"1", b"2", b"3"}


@posix_only
def test_shortened_and_regrown_file_holds_zeros_when_flushed(tmp_path: Path) -> None:
    volume = _volume(tmp_path)
    _put(volume, "/f", b"x" * 20_000, sync=True)
    _sync_folder(volume, "/")
    file = volume.find("/f")
    assert isinstance(file, File)
    volume.truncate(file, 5000)
    volume.write(file, b"ende", 15_000)
    volume.fsync(file, data_only=True)
    expected = b"x" * 5000 + bytes(10_000) + b"ende"
    assert volume.read(file, 99_999, 0) == expected
    assert (tmp_path / "platter/f").read_bytes() == expected


def _random_step(volume: Volume, random: Random) -> None:
    """Do one thing that a kernel would let through, rather often to the same few names."""
    names = ["", *_picture(volume, kept=False)]
    folders = [path for path in names if isinstance(volume.find(path), Folder)]
    new = f"{random.choice(folders)}/{random.choice('abcd')}"
    old = random.choice(names)
    node = volume.find(old)
    verb = random.choice(("make", "make", "write", "write", "rename", "rename", "remove", "flush"))
    if verb == "make":
        random.choice((_mkdir, _make_file))(volume, new)
    elif verb == "rename" and not f"{new}/".startswith(f"{old}/"):
        if new not in names or type(volume.find(new)) is type(node):
            volume.rename(old, new)
    elif verb == "remove" and old:
        volume.remove(old)
    elif verb == "flush" and isinstance(node, Folder):
        volume.fsyncdir(node)
    elif verb == "flush":
        volume.fsync(node, data_only=random.random() < 0.3)
    elif verb == "write" and isinstance(node, File):
        if random.random() < 0.3:
            volume.truncate(node, random.randrange(20_000))
        else:
            data = random.randbytes(random.randrange(9000))
            volume.write(node, data, random.randrange(12_000))


def _make_file(volume: Volume, path: str) -> None:
    volume.create(path, 0o644, os.geteuid(), os.getegid())


def _picture(
    volume: Volume, *, kept: bool, folder: Folder | None = None, above: str = ""
) -> dict[str, bytes | None]:
    """Path → bytes, or None for a folder; of a whole tree as the model has it."""
    folder = folder or volume.root
    result: dict[str, bytes | None] = {}
    for name, node in (folder.kept_names if kept else folder.names).items():
        path = f"{above}/{name}"
        if isinstance(node, Folder):
            result[path] = None
            result |= _picture(volume, kept=kept, folder=node, above=path)
        elif isinstance(node, File):
            data = node.kept_data if kept else node.data
            on_platter = volume._path(node)
            if data is None and on_platter:  # nobody has looked at it yet
                data = bytearray(on_platter.read_bytes())
            result[path] = bytes(data or b"")
    return result


def _on_disk(root: Path) -> dict[str, bytes | None]:
    return {
        f"/{path.relative_to(root)}": path.read_bytes() if path.is_file() else None
        for path in root.rglob("*")
    }


@posix_only
@settings(max_examples=60)
@given(seed=st.integers(0, 10**9))
def test_platter_is_always_what_the_model_keeps(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    """Whatever is done in whatever order: the platter holds exactly what is kept, and what was
    flushed with every folder above it is there after any cut."""
    tmp_path = tmp_path_factory.mktemp("volume")
    platter = tmp_path / "platter"
    random = Random(seed)
    for plugged_in in range(3):
        volume = _volume(tmp_path)  # the second and third time with what the cut before left
        for _ in range(30):
            try:
                _random_step(volume, random)
            except (FileExistsError, NotADirectoryError, IsADirectoryError):
                pass
            except OSError as error:
                if error.errno != errno.ENOTEMPTY:
                    raise
            assert _on_disk(platter) == _picture(volume, kept=True)
        before = _picture(volume, kept=True)
        flushed = {path: data for path, data in before.items() if _is_settled(volume, path)}
        there = set(below(volume.root, kept=True))
        volume.cut("random", seed + plugged_in)
        lost = there - set(below(volume.root, kept=True))
        assert not any(node.linked for node in lost)  # only what was deleted may be gone
        after = _on_disk(platter)
        assert after == _picture(volume, kept=True)
        assert {path: after.get(path, b"missing") for path in flushed} == flushed
    shutil.rmtree(tmp_path)


def _is_settled(volume: Volume, path: str) -> bool:
    """Nothing is waiting for this file or any name on the way to it."""
    node = volume.root
    for name in path.strip("/").split("/"):
        if any((node.number, name) in change.keys() for change in volume.journal):  # noqa: SIM118
            return False
        child = node.kept_names[name]
        if isinstance(child, File):
            return not child.dirty and not child.sizes
        assert isinstance(child, Folder)
        node = child
    return True


# ------------------------------------------------------------------ power cuts: mounted


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@pytest.mark.root
@requires_fuse
def test_mounted_disk_behaves_like_a_folder(tmp_path: Path) -> None:
    """The same work on the disk and in a plain folder gives the same tree, also after a remount."""
    with PowerCutDisk() as disk:
        for root in (disk.mount / "s", tmp_path / "s"):
            shop_tree(root, files=40, big_mib=1)
            for day in (1, 2, 3):
                mutate(root, seed=1, day=day)
        expected = snapshot(tmp_path / "s", with_root=True)
        assert compare(expected, snapshot(disk.mount / "s", with_root=True)) == []
        assert list(disk.platter.iterdir()) == []
        disk.unmount()
        assert compare(expected, snapshot(disk.after() / "s", with_root=True)) == []
        disk.remount()
        assert compare(expected, snapshot(disk.mount / "s", with_root=True)) == []
        for root in (disk.mount / "s", tmp_path / "s"):
            mutate(root, seed=1, day=4)
        disk.sync()
        expected = snapshot(tmp_path / "s", with_root=True)
        assert compare(expected, snapshot(disk.platter / "s", with_root=True)) == []


@pytest.mark.root
@requires_fuse
def test_mounted_disk_answers_as_an_engine_expects() -> None:
    with PowerCutDisk() as disk:
        file = disk.mount / "f"
        file.write_bytes(b"1")
        assert _errno(lambda: file.open("xb")) == errno.EEXIST
        assert _errno(lambda: (disk.mount / ("x" * 256)).touch()) == errno.ENAMETOOLONG
        assert _errno(lambda: os.link(file, disk.mount / "g")) in (errno.ENOSYS, errno.EPERM)
        (disk.mount / "o").mkdir()
        (disk.mount / "o/p").touch()
        assert _errno((disk.mount / "o").rmdir) == errno.ENOTEMPTY
        os.utime(file, ns=(1, -5))
        assert file.stat().st_mtime_ns == -5
        name = os.fsdecode(b"M\xe4rz\n")
        file.rename(disk.mount / name)
        assert {path.name for path in disk.mount.iterdir()} == {"o", name}
        assert os.statvfs(disk.mount).f_bavail > 0
        with closing(sqlite3.connect(disk.mount / "db")) as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("CREATE TABLE t AS SELECT 1 AS a")
            database.commit()
        assert disk.cut("forget") != []


@pytest.mark.root
@requires_fuse
def test_cut_forgets_and_syncfs_keeps_nothing() -> None:
    with PowerCutDisk() as disk:
        (disk.mount / "o").mkdir()
        for name in ("sicher", "offen"):
            (disk.mount / "o" / name).write_bytes(b"x" * 10_000)
        os.sync()
        assert list(disk.platter.iterdir()) == []
        for path in (disk.mount / "o/sicher", disk.mount / "o", disk.mount):
            _fsync(path)
        assert (disk.platter / "o/sicher").read_bytes() == b"x" * 10_000
        with (disk.mount / "o/offen").open("ab", buffering=0) as file:
            lost = disk.cut("forget")
            assert any(line.startswith("/o/offen") for line in lost)
            assert _errno(lambda: file.write(b"y")) == errno.ENOTCONN
        assert not disk.is_alive()
        assert _errno((disk.mount / "x").touch) == errno.ENOTCONN
        found = {path.name: path.stat().st_size for path in (disk.after() / "o").iterdir()}
        assert found == {"sicher": 10_000, "offen": 0}
        assert (disk.remount() / "o/sicher").stat().st_size == 10_000


@pytest.mark.root
@requires_fuse
def test_three_hundred_cuts_of_one_run(tmp_path: Path) -> None:
    """A well-behaved writer loses nothing it has acknowledged, a careless one does."""
    with PowerCutDisk() as disk:
        moments = {number: tmp_path / str(number) for number in range(1, 301)}
        disk.photograph_at(moments, seed=1)
        acknowledged: dict[str, int] = {}  # name → after how many changes it was safe
        number = 0
        while disk.changes() < 300:
            careful, careless = disk.mount / f"gut-{number}", disk.mount / f"eilig-{number}"
            careful.write_bytes(bytes([number]) * 9000)
            _fsync(careful)
            _fsync(disk.mount)
            acknowledged[careful.name] = disk.changes()
            careless.write_bytes(bytes([number]) * 9000)
            number += 1
        assert number > 20
    fates = set()
    for moment, folder in moments.items():
        for name, safe_at in acknowledged.items():
            data = bytes([int(name.partition("-")[2])]) * 9000
            if safe_at <= moment:
                assert (folder / name).read_bytes() == data
            other = folder / name.replace("gut", "eilig")
            if other.exists():
                fates.add("whole" if other.read_bytes() == data else "damaged")
    assert fates == {"whole", "damaged"}


@pytest.mark.root
@requires_fuse
def test_armed_cut_comes_after_the_given_change() -> None:
    with PowerCutDisk() as disk:
        before = disk.changes()
        disk.cut_after(5, "forget")
        for number in range(4):
            (disk.mount / str(number)).mkdir()
        assert disk.changes() == before + 4
        assert not disk.wait_for_cut(timeout=0.1)
        # Done, but not answered: the kernel says "aborted" once, then "not connected".
        assert _errno((disk.mount / "4").mkdir) in (errno.ECONNABORTED, errno.ENOTCONN)
        assert disk.wait_for_cut()
        assert len(disk.lost()) == 5
        assert list(disk.after().iterdir()) == []


@pytest.mark.root
@requires_fuse
def test_photograph_leaves_the_disk_as_it_is(tmp_path: Path) -> None:
    with PowerCutDisk() as disk:
        shop_tree(disk.mount / "s", files=20)
        expected = snapshot(disk.mount / "s")
        disk.sync()
        mutate(disk.mount / "s", seed=1, day=1)
        today = snapshot(disk.mount / "s")
        disk.photograph(tmp_path / "alt", "forget")
        assert compare(expected, snapshot(tmp_path / "alt/s")) == []
        pictures = [
            snapshot(disk.photograph(tmp_path / str(seed), seed=seed)) for seed in range(10)
        ]
        assert len({tuple(sorted(picture.items())) for picture in pictures}) > 5
        assert compare(today, snapshot(disk.mount / "s")) == []
        assert compare(expected, snapshot(disk.platter / "s")) == []


# ------------------------------------------------------------------ command line


def _pretend(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Let `code` stand in for the program, which these tools must not need."""

    def command(args: tuple[str | Path, ...], home: Path, module: str = "") -> list[str]:
        return [sys.executable, "-c", code, "--home", str(home), *map(str, args)]

    monkeypatch.setattr(cli, "_command", command)


def test_run_gives_code_streams_and_json(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LADENTRESOR_HOME", "/nirgends")
    code = (
        "import sys, os, json; print(json.dumps({'args': sys.argv[1:], 'in': sys.stdin.read(),"
        "'home': os.environ.get('LADENTRESOR_HOME'), 'cwd': os.getcwd()}));"
        "print('müde', file=sys.stderr); sys.exit(3)"
    )
    _pretend(monkeypatch, code)
    result = cli.run("--json", "status", home=tmp_path, stdin="geheim", check=False)
    assert (result.rc, result.stderr) == (3, "müde\n")
    (line,) = result.lines
    assert line["args"] == ["--home", str(tmp_path), "--json", "status"]
    assert (line["in"], line["home"], line["cwd"]) == ("geheim", None, "/")
    with pytest.raises(AssertionError, match="ended with 3"):
        cli.run("status", home=tmp_path)


def test_run_ends_what_hangs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _pretend(monkeypatch, "import time; print('noch da', flush=True); time.sleep(60)")
    with pytest.raises(AssertionError, match="noch da"):
        cli.run("status", home=tmp_path, timeout=1)


# The program, its child in the group, and a child that left group, session and mark behind.
_FAMILY = """
import os, subprocess, sys, time
sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
subprocess.Popen(sleep)
subprocess.Popen(sleep, start_new_session=True, env={"PATH": os.environ["PATH"]})
print("bereit", flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_running_knows_its_whole_family(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _pretend(monkeypatch, _FAMILY)
    with cli.start(home=tmp_path) as running:
        assert running.process.stdout is not None
        assert running.process.stdout.readline() == "bereit\n"
        family = running.descendants()
        assert len(family) == 2
        running.kill_self()
        assert running.process.wait() == -signal.SIGKILL
        assert running.wait_for_orphans(timeout=0.2) == family
        running.kill_group()
        left = running.wait_for_orphans(timeout=2)
        assert len(left) == 1
        assert left[0] in family
    assert running.descendants() == []


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_argv_and_environment_are_searched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _pretend(monkeypatch, _FAMILY)
    hidden = base64.b64encode(b"user:" + SECRET.encode()).decode()
    with cli.start(obscure(SECRET), home=tmp_path, env={"AUTH": hidden}) as running:
        assert running.process.stdout is not None
        running.process.stdout.readline()
        assert len(proc_exposure(running.pid)) == 3
        found = find_secret_in_processes(running.pid, SECRET)
        assert f"{running.pid} argv: rclone-obscured" in found
        assert f"{running.pid} environ: base64" in found
        argv_only = find_secret_in_processes(running.pid, SECRET, environ=False)
        assert argv_only == [f"{running.pid} argv: rclone-obscured"]


# ------------------------------------------------------------------ secrets


def _sqlite(path: Path, text: str) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE t (a)")
        database.execute("INSERT INTO t VALUES (?)", (text,))
        database.commit()


def _zip(path: Path, text: str) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("innen.txt", gzip.compress(text.encode()))


_HIDINGS: dict[str, Callable[[Path], object]] = {
    "plain": lambda path: path.write_text(f"pass = {SECRET}\n", encoding="utf-8"),
    "UTF-16": lambda path: path.write_text(SECRET, encoding="utf-16"),
    "Windows-1252": lambda path: path.write_text(SECRET, encoding="cp1252"),
    "escaped": lambda path: path.write_text(ascii(SECRET), encoding="ascii"),
    "hex": lambda path: path.write_text(f"0x{SECRET.encode().hex().upper()}", encoding="ascii"),
    "URL": lambda path: path.write_text(
        "https://u:Str%61ndkorb-%c3%847%2Fzw%C3%B6lf%2bx@host/", encoding="ascii"
    ),
    "rclone-obscured": lambda path: path.write_text(f"pass = {obscure(SECRET)}", encoding="ascii"),
    "in gzip": lambda path: path.write_bytes(b"davor" + gzip.compress(SECRET.encode())),
    "in zip": lambda path: _zip(path, SECRET),
    "in sqlite": lambda path: _sqlite(path, SECRET),
    "in a name": lambda path: (path.parent / SECRET.replace("/", "%2F")).touch(),
    "in a link": lambda path: path.symlink_to(SECRET),
}


@pytest.mark.parametrize("how", _HIDINGS)
def test_secret_is_found(tmp_path: Path, how: str) -> None:
    secret = SECRET.replace("/", "%2F") if how == "in a name" else SECRET
    (tmp_path / "tief").mkdir()
    (tmp_path / "tief/harmlos.txt").write_text("Strandkorb", encoding="utf-8")
    assert find_secret(tmp_path, secret) == []
    _HIDINGS[how](tmp_path / "tief" / "versteck")
    found = find_secret(tmp_path, secret)
    assert found
    assert how.startswith("in ") or any(line.endswith(how) for line in found), found


@pytest.mark.parametrize("before", range(7))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode, base64.encodebytes])
def test_secret_is_found_in_base64_wherever_it_begins(
    tmp_path: Path, before: int, encode: Callable[[bytes], bytes]
) -> None:
    text = b"x" * before + SECRET.encode() + b"y" * 100
    (tmp_path / "f").write_bytes(b"Authorization: Basic " + encode(text))
    assert find_secret(tmp_path, SECRET) == ["f: base64"]


def test_secret_search_opens_no_pipe_or_socket_and_refuses_the_trivial(tmp_path: Path) -> None:
    if os.name == "posix":
        os.mkfifo(tmp_path / "rohr")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "b"))
        assert find_secret(tmp_path, SECRET) == []
    with pytest.raises(ValueError, match="found everywhere"):
        find_secret(tmp_path, "abc")


def test_reveal_undoes_what_rclone_does() -> None:
    assert reveal(obscure(SECRET)) == SECRET
    rclone = Path(sys.executable).with_name("rclone")
    if not rclone.exists():
        pytest.skip("no rclone beside Python")
    command = [str(rclone), "obscure", SECRET]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert reveal(done.stdout.strip()) == SECRET
