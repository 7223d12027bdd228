"""The pieces every page is put together from; sizes and rules as the screens' guide has them.

Pieces paint themselves from a :class:`desk.ui.look.Look`; they know nothing of cases.
"""
