"""What we remember of a copy: rows of the index, the journal; made anew from the copy itself."""
