"""The panels of Quizzes & Memory, by what they are about; none names its place on the board."""
