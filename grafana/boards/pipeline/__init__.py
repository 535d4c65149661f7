"""The panels of Pipeline, by where they ask; none names its place on the board."""
