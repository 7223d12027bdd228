"""The pages: each is told what to show by ``render`` and asks by signals. No logic here."""
