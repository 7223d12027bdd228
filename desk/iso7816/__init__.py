"""ISO/IEC 7816-4 as every chip of the desk speaks it: commands, answers, TLV.

The seam to hardware is `desk.iso7816.connection.CardConnection`, one method.
Secure messaging and applications (PIV, passport) stand above this package.
"""
