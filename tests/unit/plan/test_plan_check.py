"""The plan against the PC: folders that meet, the home, secrets, what is not there yet."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from core.errors import Code, KnownError
from core.paths import Home
from core.plan.check import Surroundings, check_plan, judge_plan, surroundings
from core.plan.filesystems import LinuxFileSystems, WindowsFileSystems, file_systems
from core.plan.model import Plan
from core.plan.places import place
from core.plan.problems import Problem, ProblemCode
from core.plan.read import read_plan
from core.plan.syncfolders import sync_service
from core.plan.toml_text import quoted
from tests.unit.plan.sample import SAMPLE, changed

C = ProblemCode


class Disks:
    """File systems of a test: these folders and all below lie on the network."""

    def __init__(self, network: Mapping[Path, str] | None = None) -> None:
        self._network = network or {}

    def network(self, path: Path) -> str:
        for root, kind in self._network.items():
            if path.is_relative_to(root):
                return kind
        return ""


def home_at(root: Path) -> Home:
    return Home(config=root / "config", state=root / "state", cache=root / "cache")


def around(root: Path) -> Surroundings:
    return Surroundings(
        home=home_at(root / "home"),
        have_secret=lambda name: False,
        file_systems=Disks(),
        environ={},
        ignore_case=False,
    )


def plan_text(sources: Mapping[str, list[Path]], destinations: Mapping[str, Path]) -> str:
    """A plan that copies every system to every destination."""
    text = ""
    for system, paths in sources.items():
        text += f'[[systems]]\nid = "{system}"\n[[systems.sources]]\npaths = [\n'
        text += "".join(f"  {quoted(str(path))},\n" for path in paths) + "]\n"
    for destination, path in destinations.items():
        text += f'[[destinations]]\nid = "{destination}"\n'
        text += f"location.path = {quoted(str(path))}\n"
    for system in sources:
        for destination in destinations:
            text += f'[[copies]]\nsystem = "{system}"\ndestination = "{destination}"\n'
    return text


def plan_of(sources: Mapping[str, list[Path]], destinations: Mapping[str, Path]) -> Plan:
    return read_plan(plan_text(sources, destinations), source="plan.toml")


def codes(problems: tuple[Problem, ...]) -> list[ProblemCode]:
    return [problem.code for problem in problems]


def test_the_sample_may_run(tmp_path: Path) -> None:
    assert check_plan(read_plan(SAMPLE, source="x", windows=False), around(tmp_path)) == ()


def test_this_pc_can_be_asked(tmp_path: Path) -> None:
    here = surroundings(home_at(tmp_path), lambda name: True)
    check_plan(plan_of({"a": [tmp_path / "a"]}, {"b": tmp_path / "b"}), here)


@pytest.mark.parametrize(
    ("source", "destination", "code"),
    [
        ("data", "data", C.DESTINATION_IS_SOURCE),
        ("data", "data/copies", C.DESTINATION_IN_SOURCE),
        ("disk/data", "disk", C.SOURCE_IN_DESTINATION),
        ("disk/laden", "disk", C.DESTINATION_IS_SOURCE),
        ("disk/laden/x", "disk", C.SOURCE_IN_DESTINATION),
        ("data", "database", None),
        ("data-1", "data", None),
    ],
)
@pytest.mark.parametrize("exists", [True, False])
def test_sources_and_destinations_stay_apart(
    tmp_path: Path, source: str, destination: str, code: ProblemCode | None, exists: bool
) -> None:
    if exists:
        for path in (source, destination):
            (tmp_path / path).mkdir(parents=True, exist_ok=True)
    plan = plan_of({"laden": [tmp_path / source]}, {"platte": tmp_path / destination})
    found = check_plan(plan, around(tmp_path))
    assert codes(found) == ([] if code is None else [code])


def test_problems_have_the_line_of_the_very_path(tmp_path: Path) -> None:
    text = plan_text(
        {"laden": [tmp_path / "a", tmp_path / "disk" / "b"]}, {"platte": tmp_path / "disk"}
    )
    found = judge_plan(text, source="x", around=around(tmp_path)).problems
    assert codes(found) == [C.SOURCE_IN_DESTINATION]
    assert found[0].key == "systems.laden.sources[1].paths[2]"
    assert found[0].line == text[: text.index("disk/b")].count("\n") + 1

    text = plan_text({"laden": [tmp_path / "a"]}, {"platte": tmp_path / "a" / "b"})
    found = judge_plan(text, source="x", around=around(tmp_path)).problems
    assert found[0].key == "destinations.platte.location.path"
    assert found[0].line == text[: text.index("location.path")].count("\n") + 1


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "data" / "in").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "data" / "in")
    plan = plan_of({"laden": [tmp_path / "data"]}, {"platte": tmp_path / "link"})
    assert codes(check_plan(plan, around(tmp_path))) == [C.DESTINATION_IN_SOURCE]


def test_endless_links_are_no_trap(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    plan = plan_of({"laden": [tmp_path / "a"]}, {"platte": tmp_path / "c"})
    assert check_plan(plan, around(tmp_path)) == ()


def test_case_is_ignored_where_the_system_does(tmp_path: Path) -> None:
    plan = plan_of({"laden": [tmp_path / "Data"]}, {"platte": tmp_path / "DATA" / "x"})
    here = around(tmp_path)
    assert check_plan(plan, here) == ()
    there = dataclasses.replace(here, ignore_case=True)
    assert codes(check_plan(plan, there)) == [C.DESTINATION_IN_SOURCE]


@pytest.mark.root
def test_bind_mounts_are_seen_through(tmp_path: Path) -> None:
    (tmp_path / "data" / "in").mkdir(parents=True)
    (tmp_path / "mount").mkdir()
    subprocess.run(["mount", "--bind", tmp_path / "data", tmp_path / "mount"], check=True)
    try:
        plan = plan_of({"laden": [tmp_path / "data"]}, {"platte": tmp_path / "mount" / "in"})
        assert codes(check_plan(plan, around(tmp_path))) == [C.DESTINATION_IN_SOURCE]
    finally:
        subprocess.run(["umount", tmp_path / "mount"], check=True)


def test_two_destinations_in_one_folder(tmp_path: Path) -> None:
    plan = plan_of({"laden": [tmp_path / "s"]}, {"a": tmp_path / "x", "b": tmp_path / "x"})
    found = check_plan(plan, around(tmp_path))
    assert codes(found) == [C.SAME_FOLDER]
    assert found[0].key == "destinations.b.location.path"


@pytest.mark.parametrize("inner", ["laden", "laden/x", "Laden"])
def test_a_destination_inside_a_copy(tmp_path: Path, inner: str) -> None:
    """`Laden` too: a USB disk may ignore case though this PC does not."""
    plan = plan_of({"laden": [tmp_path / "s"]}, {"a": tmp_path / "x", "b": tmp_path / "x" / inner})
    found = check_plan(plan, around(tmp_path))
    assert codes(found) == [C.DESTINATION_IN_COPY]
    assert found[0].key == "destinations.b.location.path"


def test_two_destinations_on_one_disk_are_fine(tmp_path: Path) -> None:
    plan = plan_of({"laden": [tmp_path / "s"]}, {"a": tmp_path / "x", "b": tmp_path / "x" / "b"})
    assert check_plan(plan, around(tmp_path)) == ()


def test_two_systems_that_a_link_leads_to_one_folder(tmp_path: Path) -> None:
    (tmp_path / "x" / "laden").mkdir(parents=True)
    (tmp_path / "x" / "buero").symlink_to("laden")
    sources = {"laden": [tmp_path / "s"], "buero": [tmp_path / "t"]}
    assert codes(check_plan(plan_of(sources, {"a": tmp_path / "x"}), around(tmp_path))) == [
        C.COPIES_SHARE
    ]
    (tmp_path / "y").mkdir()
    (tmp_path / "y" / "laden").symlink_to(tmp_path / "x" / "laden")
    plan = plan_of({"laden": [tmp_path / "s"]}, {"a": tmp_path / "x", "b": tmp_path / "y"})
    assert codes(check_plan(plan, around(tmp_path))) == [C.COPIES_SHARE]


def test_sources_of_one_system_stay_apart(tmp_path: Path) -> None:
    for paths, code in (
        (["a", "a/b"], C.SOURCES_OVERLAP),
        (["a/b", "a"], C.SOURCES_OVERLAP),
        (["a", "a"], C.SOURCE_TWICE),
    ):
        plan = plan_of({"laden": [tmp_path / path for path in paths]}, {"p": tmp_path / "x"})
        found = check_plan(plan, around(tmp_path))
        assert codes(found) == [code]
        assert found[0].params["path"] == str(tmp_path / max(paths))
    plan = plan_of({"a": [tmp_path / "s"], "b": [tmp_path / "s" / "t"]}, {"p": tmp_path / "x"})
    assert check_plan(plan, around(tmp_path)) == ()


def test_home_and_destinations_stay_apart(tmp_path: Path) -> None:
    for destination, code in (
        ("home", C.HOME_IN_DESTINATION),
        ("home/state", C.HOME_IN_DESTINATION),
        ("home/cache/x", C.DESTINATION_IN_HOME),
    ):
        plan = plan_of({"laden": [tmp_path / "s"]}, {"p": tmp_path / destination})
        assert codes(check_plan(plan, around(tmp_path))) == [code]
    plan = plan_of({"laden": [tmp_path]}, {"p": tmp_path.parent / "x"})
    assert check_plan(plan, around(tmp_path)) == ()  # home in a source is usual


def test_home_is_local_and_unsynced(tmp_path: Path) -> None:
    plan = plan_of({"laden": [tmp_path / "s"]}, {"p": tmp_path / "x"})
    here = around(tmp_path)
    synced = dataclasses.replace(here, home=home_at(tmp_path / "OneDrive - Blumen GmbH" / "home"))
    found = check_plan(plan, synced)
    assert codes(found) == [C.HOME_SYNCED]
    assert (found[0].key, found[0].line) == ("home", None)
    assert found[0].params["service"] == "OneDrive"
    network = dataclasses.replace(here, file_systems=Disks({tmp_path / "home": "cifs"}))
    assert codes(check_plan(plan, network)) == [C.HOME_ON_NETWORK]


@pytest.mark.parametrize(
    ("folder", "service"),
    [
        ("OneDrive", "OneDrive"),
        ("onedrive - Firma", "OneDrive"),
        ("OneDrive-Firma", "OneDrive"),
        ("Dropbox", "Dropbox"),
        ("Dropbox (Privat)", "Dropbox"),
        ("iCloudDrive", "iCloud"),
        ("Library/Mobile Documents/com~apple~CloudDocs", "iCloud"),
        ("Library/CloudStorage/GoogleDrive-a@b.de", "CloudStorage"),
        ("Google Drive", "Google Drive"),
        ("Meine Ablage", "Google Drive"),
        ("Nextcloud", "Nextcloud"),
        ("Daten", ""),
        ("Dropboxen", ""),
        ("nextcloud-server", ""),
    ],
)
def test_sync_folders_by_name(tmp_path: Path, folder: str, service: str) -> None:
    assert sync_service(tmp_path / folder / "deep" / "home", {}) == service


def test_sync_folders_by_their_marks_and_by_the_environment(tmp_path: Path) -> None:
    home = tmp_path / "renamed" / "home"
    home.mkdir(parents=True)
    assert sync_service(home, {}) == ""
    assert sync_service(home, {"OneDriveCommercial": str(tmp_path / "renamed")}) == "OneDrive"
    (tmp_path / "renamed" / ".dropbox.cache").mkdir()
    assert sync_service(home, {}) == "Dropbox"


def test_network_file_systems_on_linux(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    (root / "nas share" / "local").mkdir(parents=True)
    share = str(root / "nas share").replace(" ", "\\040")
    table = (
        "/dev/sda1 / ext4 rw 0 0\n"
        f"//nas/x {share} cifs rw 0 0\n"
        f"/dev/sdb1 {share}/local ext4 rw 0 0\n"
        "broken\n"
    )
    disks = LinuxFileSystems(lambda: table)
    assert disks.network(root / "nas share" / "home") == "cifs"
    assert disks.network(root / "nas share" / "local" / "home") == ""
    assert disks.network(root) == ""
    over = LinuxFileSystems(lambda: table + f"tmpfs {share} tmpfs rw 0 0\n")
    assert over.network(root / "nas share" / "home") == ""
    assert LinuxFileSystems(lambda: "").network(root) == ""
    assert file_systems().network(Path("/proc")) == ""


def test_network_drives_on_windows() -> None:
    asked: list[str] = []

    def drive_type(root: str) -> int:
        asked.append(root)
        return 4 if root == "Z:\\" else 3

    disks = WindowsFileSystems(drive_type)
    assert disks.network(Path("C:\\Users\\x")) == ""
    assert disks.network(Path("Z:\\x")) == "smb"
    assert disks.network(Path("\\\\nas\\share\\x")) == "smb"
    assert disks.network(Path("\\\\?\\UNC\\nas\\share")) == "smb"
    assert disks.network(Path("\\\\?\\C:\\x")) == ""
    assert asked == ["C:\\", "Z:\\", "C:\\"]


def test_encrypted_destinations_need_recovery_lines() -> None:
    here = around(Path("/nowhere"))
    plan = read_plan(changed("encrypted = false", "encrypted = true"), source="x", windows=False)
    found = check_plan(plan, here)
    assert codes(found) == [C.SECRET_MISSING]
    assert all(one.line == 19 for one in found)
    stored = dataclasses.replace(here, have_secret={"platte.key"}.__contains__)
    assert not check_plan(plan, stored)


def test_what_leaves_the_shop_is_encrypted_unless_said_otherwise() -> None:
    here = around(Path("/nowhere"))
    text = changed('site = "here" ', 'site = "away" ', changed("encrypted = false\n", ""))
    plan = read_plan(text.replace('layout = "tree"', ""), source="x", windows=False)
    assert codes(check_plan(plan, here)) == [C.SECRET_MISSING]
    assert plan.destinations[0].layout == "bundled"


def test_bundles_are_possible_everywhere() -> None:
    plan = read_plan(changed('layout = "tree" ', 'layout = "bundled" '), source="x", windows=False)
    assert not check_plan(plan, around(Path("/nowhere")))


def test_what_the_secret_store_raises_passes_through() -> None:
    def locked(name: str) -> bool:
        raise KnownError(Code.SECRET_STORE_MISSING)

    plan = read_plan(changed("encrypted = false", "encrypted = true"), source="x", windows=False)
    with pytest.raises(KnownError):
        check_plan(plan, dataclasses.replace(around(Path("/nowhere")), have_secret=locked))


def test_mistakes_in_the_text_and_in_the_world_come_together(tmp_path: Path) -> None:
    text = plan_text({"laden": [tmp_path / "a"]}, {"platte": tmp_path / "a" / "b"})
    text = "shopp = 1\n" + text + 'every = "x"\n'
    judged = judge_plan(text, source="x", around=around(tmp_path))
    assert judged.plan is None
    assert codes(judged.problems) == [
        C.UNKNOWN_KEY,
        C.DESTINATION_IN_SOURCE,
        C.WRONG_DURATION,
    ]
    broken = judge_plan("x = ", source="x", around=around(tmp_path))
    assert (broken.plan, codes(broken.problems)) == (None, [C.SYNTAX])
    good = judge_plan(
        plan_text({"laden": [tmp_path / "a"]}, {"platte": tmp_path / "b"}),
        source="x",
        around=around(tmp_path),
    )
    assert good.plan is not None
    assert good.problems == ()


def test_places(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    a = place(tmp_path / "a", ignore_case=False)
    assert a.within(place(tmp_path, ignore_case=False))
    assert not place(tmp_path, ignore_case=False).within(a)
    assert a.same(place(tmp_path / "a" / ".", ignore_case=False))
    gone = place(tmp_path / "gone", ignore_case=False)
    assert gone.id is None
    assert not gone.within(a)
