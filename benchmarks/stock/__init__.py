"""What one writes by hand around stock ``chalice local`` and moto, without the emulator."""
