"""The database as the product uses it: brought up to date at its first use, then read and added to."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from monitoring.database.engine import engine_of, file_of, shown, transaction
from monitoring.database.migrate import bring_up_to_date
from monitoring.errors import MonitoringError, SourceError

#: A database that did not answer is not asked again so soon: each page would wait for it anew.
REST_SECONDS = 20.0
#: A newer version of the product may change the tables at any time; so soon it is noticed.
LOOK_SECONDS = 20.0


class Database:
    """One database, shared by all threads.

    Raises:
        InputError: The URL cannot be used.
        SourceError: The folder of its file cannot be made.
    """

    def __init__(self, url: str) -> None:
        self._engine = engine_of(url)
        self._checked: float | None = None
        self._file: tuple[int, int] | None = None
        self._failed: tuple[float, MonitoringError] | None = None
        self._generation = 0
        self._guard = threading.Lock()

    def __str__(self) -> str:
        return shown(self._engine.url)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Look things up.

        Raises:
            SourceError: It cannot be reached, is locked, or a newer version of the product wrote it.
            NotPermittedError: It may not be read.
        """
        with self._session(writes=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Add rows, all of them or none.

        Raises:
            SourceError, NotPermittedError: As for `reading`.
            InputError: Somebody else has just added the same.
        """
        with self._session(writes=True) as session:
            yield session
            session.flush()

    def close(self) -> None:
        """Close all connections; a later use opens new ones."""
        self._engine.dispose()

    @contextmanager
    def _session(self, *, writes: bool) -> Iterator[Session]:
        self._make_ready()
        with transaction(self._engine, writes=writes) as connection, Session(connection) as session:
            yield session

    @property
    def generation(self) -> int:
        """Goes up whenever it may be another database than before: what was read of it is void."""
        return self._generation

    def _make_ready(self) -> None:
        if self._is_ready():
            return
        with self._guard:
            if self._is_ready():
                return
            if self._failed and time.monotonic() - self._failed[0] < REST_SECONDS:
                raise SourceError(self._failed[1].message, hint=self._failed[1].hint)
            try:
                self._look()
            except MonitoringError as error:
                self._failed = time.monotonic(), error
                self._checked = None
                raise
            self._checked, self._failed = time.monotonic(), None

    def _is_ready(self) -> bool:
        """Whether it was looked at just now, and is still the same file."""
        if self._checked is None or time.monotonic() - self._checked >= LOOK_SECONDS:
            return False
        return self._file == file_of(self._engine.url)

    def _look(self) -> None:
        """Bring it up to date, or find that it is of a newer version; forget one that is gone."""
        if self._file != file_of(self._engine.url):
            self._engine.dispose()  # open connections would go on with what was removed
            self._generation += 1
        bring_up_to_date(self._engine)
        self._file = file_of(self._engine.url)
