"""Fresh processes, cheap: each is forked from one that has imported everything and done nothing."""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, TypeVar

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["pytest", "tests.faults.faults"])
T = TypeVar("T")


def begin(function: Callable[..., object], *arguments: object) -> tuple[Any, Connection]:
    """The process, which runs `function(pipe, *arguments)`; and our end of the pipe."""
    ours, theirs = CONTEXT.Pipe()
    process = CONTEXT.Process(target=function, args=(theirs, *arguments), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def fresh(function: Callable[..., T], *arguments: object) -> T:
    """What the function returns in a process of its own."""
    process, pipe = begin(_answer, function, arguments)
    try:
        done, value = pipe.recv()
    except EOFError:
        done, value = False, f"the process of {function.__name__} ended without an answer"
    finally:
        process.join()
        pipe.close()
    assert done, value
    found: T = value
    return found


def _answer(pipe: Connection, function: Callable[..., object], arguments: tuple[object, ...]) -> None:
    try:
        pipe.send((True, function(*arguments)))
    except BaseException:  # noqa: BLE001 - whoever asked is told
        pipe.send((False, traceback.format_exc()))
