"""Trying one check after the other, and waiting for what they expect."""

import time


def until(what, condition, patience=120):
    """Waits until a condition gives something, and returns that."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {patience} s")
        time.sleep(0.1)
    return found


def tried(checks, words=()):
    """Of each check that has one of the words in its name, or of all: its name, whether it held, what it told
    or why it failed, and how many seconds it took."""
    for check in checks:
        name = check.__name__.replace("_", " ")
        if words and not any(word in name for word in words):
            continue
        began = time.monotonic()
        try:
            held, remark = True, check() or ""
        except AssertionError as error:
            held, remark = False, error
        except Exception as error:  # one that breaks off ends no other
            held, remark = False, repr(error)
        yield name, held, remark, time.monotonic() - began
