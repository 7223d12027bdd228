#!/usr/bin/env bash
# Sets this machine up where needed, then runs every check. Arguments go to one pytest run.
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

install_packages "${run_packages[@]}" "${test_packages[@]}"
install_environment
cd "$root"
export PATH="$venv/bin:$PATH" QT_QPA_PLATFORM=offscreen
for folder in tests/*/node; do
    if [ -f "$folder/package.json" ]; then
        say "installing the second wallet in $folder"
        npm install --prefix "$folder" --no-package-lock --no-audit --no-fund --silent \
            || say "npm could not install $folder; its tests will be skipped"
    fi
done

say "ruff";          ruff check . && ruff format --check .
say "mypy";          mypy
say "import-linter"; lint-imports
say "pytest"
if [ $# -gt 0 ]; then
    pytest "$@"
    exit
fi
# Four runs beside each other on the two cores: what starts whole programs mostly waits for
# them. They share the machine's smartcard service in turns, through the tests' own lock.
beside=("tests/app tests/store tests/face tests/training" "tests/enrollment" "tests/journey")
folders=(${beside[@]})
reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT
runs=()
for number in "${!beside[@]}"; do
    # shellcheck disable=SC2086  # several folders
    pytest -p no:cacheprovider ${beside[$number]} >"$reports/$number" 2>&1 &
    runs+=($!)
done
status=0
pytest "${folders[@]/#/--ignore=}" || status=$?
for number in "${!beside[@]}"; do
    wait "${runs[$number]}" || status=$?
    say "pytest ${beside[$number]}"
    cat "$reports/$number"
done
exit "$status"
