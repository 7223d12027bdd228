#!/usr/bin/env bash
# Sets this machine up where needed, then runs every check. Options go to pytest.
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

install_packages "${run_packages[@]}" "${test_packages[@]}"
install_environment
cd "$root"
for folder in tests/*/node; do
    if [ -f "$folder/package.json" ] && command -v npm >/dev/null; then
        say "installing the second wallet in $folder"
        npm install --prefix "$folder" --no-package-lock --no-audit --no-fund --silent \
            || say "npm could not install $folder; its tests will be skipped"
    fi
done

export PATH="$venv/bin:$PATH" QT_QPA_PLATFORM=offscreen
say "ruff";          ruff check . && ruff format --check .
say "mypy";          mypy
say "import-linter"; lint-imports
say "pytest";        pytest "$@"
