"""What happens when a page asks: one control a page, all on the same desk.

A control knows its page's signals and the counter's functions; it puts the work into the
lane of its device and gives the page a new view when the outcome arrives.
"""
