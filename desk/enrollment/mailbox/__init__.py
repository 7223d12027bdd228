"""The service's database; SQLAlchemy is spoken in this package only."""

from desk.enrollment.mailbox.box import Mailbox

__all__ = ["Mailbox"]
