"""The stories that show the suite at work: played through the gateway only, every step checked."""
