"""How ``chalice local`` is joined: the emulator process, found, started, told and ended."""
