"""Every error Ownhand raises on purpose.

    OwnhandError
    ├── UserError                 reaches the person as its own sentence, with the remedy
    │   ├── BadInput              a file, message, option or request that cannot be used
    │   ├── VaultError            the vault cannot be opened or written
    │   │   ├── WrongKey          the key does not fit, or the file is not a vault
    │   │   ├── KeyUnavailable    the keyring is missing or locked, or a passphrase is needed
    │   │   ├── VaultInUse        another Ownhand has it open
    │   │   ├── NewerVault        written by a newer version
    │   │   └── DiskFull          there was no room to write
    │   ├── ModelError            a model file that is missing, broken or too large
    │   ├── DownloadError         a model could not be fetched
    │   └── WorkerError           an engine or recall process failed and could not be brought back
    └── Cancelled                 the person asked to stop; silent

Anything else that escapes is a bug.  The text of a UserError is one or two plain sentences: what happened, and what
to do about it.  It never contains what the person wrote.
"""

from __future__ import annotations


class OwnhandError(Exception):
    """The root: nothing raises it directly."""


class UserError(OwnhandError):
    """Something the person can understand and act on."""


class BadInput(UserError):
    """A file, message, option or request that cannot be used."""


class VaultError(UserError):
    """The vault cannot be opened, read or written."""


class WrongKey(VaultError):
    """The key does not fit this vault, or the file is not a vault."""


class KeyUnavailable(VaultError):
    """No key can be had now: no keyring, a locked one, or a passphrase that was not given."""


class VaultInUse(VaultError):
    """Another running Ownhand has this vault open."""


class NewerVault(VaultError):
    """The vault was written by a newer Ownhand."""


class DiskFull(VaultError):
    """There was no room left to write; what was stored before is safe."""


class ModelError(UserError):
    """A model file that is missing, broken, of an unknown kind or too large for this machine."""


class DownloadError(UserError):
    """A model could not be fetched; what arrived is kept where it can be of use."""


class WorkerError(UserError):
    """A worker process failed, and starting it again did not help."""


class Cancelled(OwnhandError):
    """The person asked to stop."""
