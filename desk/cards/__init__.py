"""The officer's card and the readers: PC/SC, the watcher, PIV, the card as a signer."""
