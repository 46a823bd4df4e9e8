"""SMPP 3.4, the protocol by which applications hand messages to a network's SMS centre; 5.0 is tolerated."""
