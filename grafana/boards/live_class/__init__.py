"""The panels of the Live Class board, by what they are about; none names its place on the board."""
