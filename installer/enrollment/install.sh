#!/usr/bin/env bash
# Sets a server up for the phone-facing service alone: nothing of screens, cameras or cards.
. "$(dirname "${BASH_SOURCE[0]}")/../setup.sh"

install_packages "${environment_packages[@]}"
install_environment
say "ready: $venv/bin/python -m desk enrollment serve --help, in $root"
