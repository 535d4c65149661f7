"""No worker outlives the command that started it: nobody else would ever end it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from typing import Final

from dataflows.errors import Exit

_ASK_EVERY_S: Final = 1.0
_GRACE_S: Final = 30.0
_SET_DEATH_SIGNAL: Final = 1


def end_with_parent(parent: int) -> None:
    """Ends this process once its parent is gone: cleanly at first, and in any case after half a minute.

    The kernel is asked for a signal, which comes at once; but not to who asks after the parent's death, and a worker
    that waits for Kafka, the database or the others of its cluster may never come to its clean end.

    Args:
        parent: The process that started this one.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(Exit.ORPHAN)
    threading.Thread(target=_watch, args=(parent,), name="parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_ASK_EVERY_S)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_S)
    os._exit(Exit.ORPHAN)
