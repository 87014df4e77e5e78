"""The errors that tracker raises on purpose.

Every message is one sentence for the person at the keyboard: what is wrong, where, and what to do.
The command line prints it and exits with 3; a library caller catches `TrackerError`.
"""

from __future__ import annotations


class TrackerError(Exception):
    """Base of all errors that tracker raises on purpose."""


class SourceError(TrackerError):
    """A file could not be read as a release, or as a list: what is wrong, and where in the file."""


class RefusedError(TrackerError):
    """A release was read but not stored, because storing it would mislead."""


class ArchiveError(TrackerError):
    """A snapshot file of the archive cannot be read, written or trusted."""


class UnreadableError(ArchiveError):
    """A snapshot file may be good, and cannot be read here: a newer program wrote it, or the system refuses it."""


class StoreError(TrackerError):
    """The database cannot be opened, migrated, read or written."""


class UnknownReleaseError(TrackerError):
    """A label, revision or code was asked for that is not stored."""


class PublisherError(TrackerError):
    """The publisher's page, or a file of it, cannot be read: why, and what to do by hand."""


class PolicyError(TrackerError):
    """The policy file (`tracker.toml`) cannot be read, or something in it is not right: file, line and key."""
