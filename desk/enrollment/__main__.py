"""``python -m desk.enrollment``: the service without the rest of the desk's command line."""

from __future__ import annotations

import argparse
import sys

from desk.enrollment.server import add_arguments, serve


def main() -> int:
    parser = argparse.ArgumentParser(prog="desk enrollment serve")
    add_arguments(parser)
    return serve(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
