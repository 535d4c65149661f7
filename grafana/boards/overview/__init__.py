"""The panels of Instructor Overview, by what they are about; none names its place on the board."""
