"""What is predicted: models outside the flows, each with the plain baseline that it has to beat to be shown."""
