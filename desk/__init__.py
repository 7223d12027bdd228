"""The issuance desk for the mobile overseas-Korean identity credential."""

__version__ = "0.1.0"
