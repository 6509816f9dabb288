"""What a stand-in store did because an app asked for it: each change once, under the id that the app gave it."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Effect:
    """One change that an app's call made. A call that changed nothing, or was refused, is none."""

    at: datetime
    operation: str
    """The caller's own id of the write (a hold's handle, an idempotency key, a note's marker); empty where it gave
    none.
    """
    kind: str
    """What was done, in the store's own word."""
    target: str
    """The object that was changed, in the store's own id."""
    detail: str = ""


@dataclass
class Journal:
    """The effects of one store, oldest first."""

    effects: list[Effect] = field(default_factory=list)

    def note(self, at: datetime, kind: str, target: object, operation: str = "", detail: str = "") -> None:
        """Keep one effect."""
        self.effects.append(Effect(at, operation, kind, str(target), detail))
