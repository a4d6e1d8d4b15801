"""The compliance engine (合规催收, CL-34): may this person be contacted now, this way, with these words."""
