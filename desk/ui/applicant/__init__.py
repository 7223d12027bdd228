"""The applicant's window on the second monitor: guidance, consent, PIN, QR, proof.

It gets a snapshot of its own (``snapshot``), never the case: no officer's note, score,
code or other case can reach it. What the applicant does leaves as signals.
"""
