# Sourced by ./run and ./test, which set $here to the project folder.
# On Debian and Ubuntu it adds the system packages that are missing, and says so before;
# everything else is done by dev.py. Messages go to stderr: stdout belongs to the program.

run_packages='python3-venv ca-certificates unzip' # unzip: getting a copy back by hand

# What the window needs of the system; only where there is a screen.
window_packages='libglib2.0-0 libgl1 libegl1 libxkbcommon0 libfontconfig1 libdbus-1-3
    libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxkbcommon-x11-0 libxcb-shape0'

# Qt without a screen, and on a virtual one with a tray and one who reads it aloud; file systems for the
# engine tests; the tools that read a copy by hand.
test_packages="$run_packages $window_packages xvfb trayer xdotool at-spi2-core
    fuse3 libfuse2 ntfs-3g exfat-fuse exfatprogs
    p7zip-full attr acl dash
    iproute2
    dbus samba openssh-server" # a bus for the stand-in of a keyring; a NAS and a server of our own

say() {
    printf '%s\n' "$*" >&2
}

# boot WHAT ARGS...: the system packages, then dev.py in place of this shell.
boot() {
    python=$here/.venv/bin/python
    case $1 in
        run)
            [ -x "$python" ] || add_packages $run_packages
            # Without a command the window opens.
            [ $# -gt 1 ] || [ -z "$DISPLAY$WAYLAND_DISPLAY" ] || add_packages $window_packages
            ;;
        *) add_packages $test_packages ;;
    esac
    [ -x "$python" ] || python=python3
    command -v "$python" >/dev/null || {
        say 'Python 3 fehlt. Bitte Python 3.11 oder neuer installieren.'
        exit 1
    }
    exec "$python" "$here/dev.py" "$@"
}

add_packages() {
    command -v apt-get >/dev/null || return 0
    missing=
    for package in "$@"; do
        is_there "$package" || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    as_root=
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || {
            say "Diese Systempakete fehlen und ohne sudo bleiben sie es:$missing"
            return 0
        }
        as_root=sudo
    fi
    say "Ich installiere diese fehlenden Systempakete mit apt-get:$missing"
    apt update -q || exit 1
    wanted=
    for package in $missing; do
        wanted="$wanted $(todays_name "$package")"
    done
    without_services install -y -q --no-install-recommends $wanted || exit 1
}

# The tests start servers of their own, on loopback; the system's shall not begin to serve.
without_services() {
    policy=/usr/sbin/policy-rc.d
    [ -e $policy ] && policy=
    [ -z "$policy" ] || printf '#!/bin/sh\nexit 101\n' | $as_root install -m 755 /dev/stdin $policy
    apt "$@"
    done=$?
    [ -z "$policy" ] || $as_root rm -f $policy
    return $done
}

apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -o Dpkg::Use-Pty=0 "$@" </dev/null >&2
}

is_there() {
    # Any Python with venv will do, it need not be the one of the system.
    if [ "$1" = python3-venv ] && python3 -c 'import ensurepip, venv' 2>/dev/null; then
        return 0
    fi
    dpkg-query -W -f='${db:Status-Status}\n' "$1" "${1}t64" 2>/dev/null | grep -qx installed
}

# Ubuntu 24.04 and Debian 13 renamed some libraries: libfuse2 became libfuse2t64.
todays_name() {
    if apt-cache show "${1}t64" >/dev/null 2>&1; then
        printf '%s\n' "${1}t64"
    else
        printf '%s\n' "$1"
    fi
}
