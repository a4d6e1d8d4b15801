"""The route table: what is let in, where it goes, and who may."""
