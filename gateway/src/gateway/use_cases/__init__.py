"""One module per verb: load, decide, save, record. Handed a unit of work; never commits."""
