"""A Bytewax cluster has a fixed size: members agree through the database when to stop and with whom to go on."""
