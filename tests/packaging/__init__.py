"""What the packages import, contain, declare and offer."""
