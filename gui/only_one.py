"""One window for one home: whoever starts the program again gets the window that is open."""

from __future__ import annotations

import hashlib
import sys

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from core.paths import Home

_CONNECT_MS = 300
_ANSWER_MS = 2000
_SHOW = b"show\n"
_SOCKET_PATH_BYTES = 100  # the system's limit is 104 (macOS) or 108


def _name(home: Home) -> str:
    """A socket in the home, which only its user can enter; a pipe of the user's on Windows."""
    place = str((home.state / "fenster").absolute())
    if sys.platform != "win32" and len(place.encode()) <= _SOCKET_PATH_BYTES:
        return place
    return "ladentresor-" + hashlib.sha256(place.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def call(home: Home) -> bool:
    """Have the open window of this home come to the front; False when there is none."""
    socket = QLocalSocket()
    socket.connectToServer(_name(home))
    if not socket.waitForConnected(_CONNECT_MS):
        return False
    socket.write(_SHOW)
    socket.flush()
    return socket.waitForDisconnected(_ANSWER_MS)  # whoever is there hangs up when it has heard


class OnlyOne(QObject):
    """Answers those that call. `asked`: the window is wanted."""

    asked = Signal()

    def __init__(self, home: Home) -> None:
        super().__init__()
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._come)
        name = _name(home)
        if not self._server.listen(name):
            QLocalServer.removeServer(name)  # what one left behind that was killed
            self._server.listen(name)

    @property
    def listens(self) -> bool:
        """Whether others can reach us; where not, each start has a window of its own."""
        return self._server.isListening()

    def close(self) -> None:
        """Be found no more."""
        self._server.close()

    def _come(self) -> None:
        while (caller := self._server.nextPendingConnection()) is not None:
            caller.readyRead.connect(lambda caller=caller: self._answer(caller))
            caller.disconnected.connect(caller.deleteLater)
            self._answer(caller)  # it may have spoken already

    def _answer(self, caller: QLocalSocket) -> None:
        if bytes(caller.readAll().data()) != _SHOW:
            return
        caller.disconnectFromServer()
        self.asked.emit()
