"""The station's records: cases, the register extract, intents, status indexes, the log.

One encrypted file (SQLCipher), opened by :class:`desk.store.database.Store`. Each module
is one subject with functions that take a session; what they return are the frozen records
of ``desk.issuance`` or of the module itself, never a row. Every function that changes
something takes a :class:`~desk.store.journal.Stamp` (who, when) and writes its audit event
in the same transaction; the store refuses to commit a change without one.

Left to others: what a case may do next (``desk.issuance``), devices, screens, the
phone-facing service's own mailbox.
"""
