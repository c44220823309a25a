"""What signing in takes beyond login and password: the second factor, another party's sign-in, forgotten passwords."""
