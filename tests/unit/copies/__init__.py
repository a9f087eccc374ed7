"""The parts of the engine, one by one, without a disk where that is possible."""
