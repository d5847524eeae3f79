"""INBOUND: load, ask the flow, save. One file per subject; no network, no ORM, no logging."""
