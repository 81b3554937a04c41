"""Reentrant locks: CPython's own and the one in Python behave alike."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event, RLock, Thread

import pytest

from otel_trading._sdk import locks
from otel_trading._sdk.locks import TrackedLock

METHODS = ("_is_owned", "_release_save", "_acquire_restore", "_at_fork_reinit")


@pytest.fixture(params=[RLock, TrackedLock], ids=["CPython's", "in Python"])
def lock(request, monkeypatch):
    monkeypatch.setattr(locks, "_MAKE_LOCK", request.param)
    return locks.reentrant_lock()


def in_a_thread(call):
    """Return the result of a call in another thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result(timeout=30)


def is_free(lock) -> bool:
    """Return whether another thread could acquire a lock."""

    def acquire() -> bool:
        acquired = lock.acquire(blocking=False)
        if acquired:
            lock.release()
        return acquired

    return in_a_thread(acquire)


def test_the_probe_accepts_the_locks_of_this_interpreter_and_the_one_in_python():
    assert locks.probe(RLock)
    assert locks.probe(TrackedLock)


@pytest.mark.parametrize("name", METHODS)
def test_the_probe_refuses_a_class_that_lacks_a_method(name):
    methods = {other: getattr(TrackedLock, other) for other in METHODS if other != name}
    methods |= {
        other: getattr(TrackedLock, other) for other in ("acquire", "release", "__enter__", "__exit__")
    }
    assert not locks.probe(type("Lacking", (), {"__init__": lambda self: None, **methods}))


def start_once(lock) -> None:
    """Replace the lock at the first call, and do nothing afterwards."""
    if "_lock" not in vars(lock):
        TrackedLock._at_fork_reinit(lock)


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("_is_owned", lambda lock: True),
        ("_acquire_restore", lambda lock, state: None),
        ("_at_fork_reinit", start_once),
    ],
)
def test_the_probe_refuses_a_class_whose_method_does_something_else(name, method):
    assert not locks.probe(type("Other", (TrackedLock,), {name: method}))


def test_a_lock_belongs_to_the_thread_that_acquired_it(lock):
    assert not locks.is_owned(lock)
    with lock:
        assert locks.is_owned(lock)
        assert not in_a_thread(lambda: locks.is_owned(lock))
    assert not locks.is_owned(lock)


def test_a_lock_is_free_after_as_many_releases_as_acquisitions(lock):
    lock.acquire()
    lock.acquire()
    lock.release()
    assert not is_free(lock)
    lock.release()
    assert is_free(lock)


def test_a_thread_cannot_release_a_lock_that_it_does_not_own(lock):
    with pytest.raises(RuntimeError):
        lock.release()
    with lock, pytest.raises(RuntimeError):
        in_a_thread(lock.release)
    assert is_free(lock)


def test_an_acquisition_gives_up_after_its_timeout(lock):
    with lock:
        assert not in_a_thread(lambda: lock.acquire(timeout=0.001))


def test_an_exception_releases_the_lock(lock):
    with pytest.raises(KeyError), lock:
        raise KeyError
    assert is_free(lock)


def test_a_lock_is_released_whole_and_acquired_as_often_again(lock):
    with lock:
        with lock:
            state = locks.release_all(lock)
            assert is_free(lock)
            locks.acquire_again(lock, state)
            assert locks.is_owned(lock)
        assert not is_free(lock)
    assert is_free(lock)


def test_a_renewed_lock_is_free_although_another_thread_owns_it(lock):
    acquired, done = Event(), Event()

    def hold() -> None:
        lock.acquire()
        acquired.set()
        done.wait(30)

    thread = Thread(target=hold)
    thread.start()
    acquired.wait(30)
    locks.renew(lock)
    assert lock.acquire(blocking=False)
    assert locks.is_owned(lock)
    lock.release()
    done.set()
    thread.join()


def test_threads_exclude_each_other(lock):
    count = 0

    def add() -> None:
        nonlocal count
        for _ in range(1_000):
            with lock, lock:
                before = count
                count = before + 1

    threads = [Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count == 4_000
