"""The panels of the Student board, by what they are about; none names its place on the board."""
