"""The panels of School, by what they are about; none names its place on the board."""
