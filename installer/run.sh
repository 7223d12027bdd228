#!/usr/bin/env bash
# Sets this machine up where needed, then starts the rehearsal: the whole program with
# training devices. Options are handed on, e.g. --unattended --out DIR.
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

install_packages "${run_packages[@]}"
install_environment

unattended=no
for option in "$@"; do
    [ "$option" = --unattended ] && unattended=yes
done

# The arguments' own paths stay as the caller meant them: no change of folder here.
if [ "${1:-}" = serve ]; then
    exec "$venv/bin/python" -m desk rehearse "$@"
elif [ "$unattended" = yes ]; then
    QT_QPA_PLATFORM=offscreen exec "$venv/bin/python" -m desk rehearse "$@"
elif [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    exec "$venv/bin/python" -m desk rehearse "$@"
fi
say "this machine has no display: the window runs in a virtual one (Xvfb) that nobody sees"
QT_QPA_PLATFORM=xcb exec xvfb-run --auto-servernum --server-args='-screen 0 2800x1000x24' \
    "$venv/bin/python" -m desk rehearse "$@"
