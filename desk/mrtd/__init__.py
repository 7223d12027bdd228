"""The machine readable travel document, after ICAO Doc 9303.

MRZ, access to the chip, secure messaging, its files and whether their content is
genuine. Readers and transports are left to `desk.cards`, what a finding means for a
case to `desk.issuance`.
"""
