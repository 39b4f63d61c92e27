"""`safeconduct witness serve DIR`: a witness over HTTP, until it is told to stop."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from safeconduct.adapters.http_serve import Listener, parse_listen
from safeconduct.adapters.witness_http import MOST_BODY, WitnessHttp
from safeconduct.cli.console import Console
from safeconduct.wiring.witness import serving_witness

SUMMARY = "a witness over HTTP (C2SP tlog-witness): cosigns heads, shows the last one, takes offers"


def configure(parser: argparse.ArgumentParser) -> None:
    """Which, and where."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="the witness's folder")
    parser.add_argument(
        "--listen",
        default="127.0.0.1:8443",
        metavar="HOST:PORT",
        help="default: 127.0.0.1:8443; port 0: one that is free",
    )
    parser.add_argument(
        "--archive",
        type=Path,
        metavar="DIR",
        help="your archive of the corridor: whose records are taken as offers",
    )


def run(arguments: argparse.Namespace) -> int:
    """Serves; 0 after it was stopped in order."""
    console: Console = arguments.console
    host, port = parse_listen(arguments.listen)
    with serving_witness(arguments.folder, archive=arguments.archive) as (here, witnessing):

        def ready(url: str) -> None:
            console.say(f"✓ {url} is the witness {here.key}")
            for log in here.logs:
                known = here.memory.last(log.name)
                console.say(f"  {log.name}: {'nothing cosigned yet' if known is None else known.head.size}")
            console.say(
                f"  How it is: safeconduct witness status {arguments.folder}. Stop it with Ctrl-C or SIGTERM"
            )
            console.document(
                {"url": url, "verifier_key": str(here.key), "follows": [str(log) for log in here.logs]}
            )
            sys.stdout.flush()

        Listener(host, port, WitnessHttp(witnessing), most_body=MOST_BODY).run(ready)
    return 0
