"""Whether the line is paid by its bytes: a phone, roaming, a used-up volume.

Linux asks NetworkManager over the system bus, Windows its network cost manager. macOS tells no
program without a bundle of its own, and many a Linux has no NetworkManager: then it is unknown, and
whoever asks goes on as on an ordinary line.
"""

from __future__ import annotations

import sys
import threading
from enum import StrEnum

_SECONDS = 3.0
_NAME = "org.freedesktop.NetworkManager"
_PATH = "/org/freedesktop/NetworkManager"
# NMMetered: 0 unknown, 1 yes, 2 no, 3 guessed yes, 4 guessed no.
_OF_NETWORK_MANAGER = {1: "yes", 2: "no", 3: "yes", 4: "no"}

# Flags of what netlistmgr.h calls the cost of a connection.
_UNRESTRICTED, _FIXED, _VARIABLE = 0x1, 0x2, 0x4
_OVER_LIMIT, _ROAMING = 0x10000, 0x40000


class Metered(StrEnum):
    """What the system says of the line."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


def metered_now() -> Metered:
    """What the system says now; UNKNOWN also when it does not answer in time."""
    answers: list[Metered] = []
    asking = threading.Thread(target=lambda: answers.append(_ask()), name="metered", daemon=True)
    asking.start()
    asking.join(_SECONDS)
    return answers[0] if answers else Metered.UNKNOWN


def _ask() -> Metered:
    try:
        if sys.platform == "win32":
            return from_cost(_cost_on_windows())
        if sys.platform == "linux":
            return from_network_manager(_ask_network_manager())
    except Exception:  # noqa: BLE001 - of a bus, a library, COM: whatever it is, nobody told us
        return Metered.UNKNOWN
    return Metered.UNKNOWN


def from_network_manager(value: int) -> Metered:
    """Read NetworkManager's property `Metered`; its guesses count (a phone shared by cable)."""
    return Metered(_OF_NETWORK_MANAGER.get(value, Metered.UNKNOWN))


def _ask_network_manager() -> int:
    from jeepney import DBusAddress, Properties  # type: ignore[import-untyped]
    from jeepney.io.blocking import open_dbus_connection  # type: ignore[import-untyped]

    where = DBusAddress(_PATH, bus_name=_NAME, interface=_NAME)
    bus = open_dbus_connection(bus="SYSTEM")
    try:
        said = bus.send_and_get_reply(Properties(where).get("Metered"), timeout=_SECONDS)
        return int(said.body[0][1])
    finally:
        bus.close()


def from_cost(cost: int) -> Metered:
    """Read the flags of NLM_CONNECTION_COST: fixed and variable volume, used up, roaming cost."""
    if cost & (_FIXED | _VARIABLE | _OVER_LIMIT | _ROAMING):
        return Metered.YES
    return Metered.NO if cost & _UNRESTRICTED else Metered.UNKNOWN


def _cost_on_windows() -> int:
    """INetworkCostManager::GetCost of the network list manager, by its place in the vtable."""
    if sys.platform != "win32":
        return 0
    import ctypes
    from ctypes import wintypes

    class Guid(ctypes.Structure):
        _fields_ = (
            ("a", wintypes.DWORD),
            ("b", wintypes.WORD),
            ("c", wintypes.WORD),
            ("d", ctypes.c_ubyte * 8),
        )

    def guid(text: str) -> Guid:
        made = Guid()
        ctypes.oledll.ole32.CLSIDFromString(text, ctypes.byref(made))
        return made

    ole = ctypes.oledll.ole32  # raises OSError for every failing HRESULT
    ole.CoInitializeEx(None, 0)  # this thread is ours alone
    try:
        manager = ctypes.c_void_p()
        ole.CoCreateInstance(
            ctypes.byref(guid("{DCB00C01-570F-4A9B-8D69-199FDBA5723B}")),
            None,
            23,  # CLSCTX_ALL
            ctypes.byref(guid("{DCB00008-570F-4A9B-8D69-199FDBA5723B}")),
            ctypes.byref(manager),
        )
        table = ctypes.cast(manager, ctypes.POINTER(ctypes.POINTER(ctypes.c_void_p)))[0]
        get_cost = ctypes.WINFUNCTYPE(
            ctypes.HRESULT, ctypes.c_void_p, ctypes.POINTER(wintypes.DWORD), ctypes.c_void_p
        )(table[3])  # after QueryInterface, AddRef, Release
        release = ctypes.WINFUNCTYPE(wintypes.ULONG, ctypes.c_void_p)(table[2])
        try:
            cost = wintypes.DWORD()
            get_cost(manager, ctypes.byref(cost), None)
            return int(cost.value)
        finally:
            release(manager)
    finally:
        ole.CoUninitialize()
