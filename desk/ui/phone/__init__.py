"""The training phone and the training desk as windows of their own, told by snapshots.

Neither window knows a device: ``control`` drives the wallet it is given, ``bench`` only
asks. What a wallet is, ``wallet`` says; it is made in ``desk.training``.
"""
