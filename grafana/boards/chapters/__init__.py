"""The panels of Chapters & Content, by what they are about; none names its place on the board."""
