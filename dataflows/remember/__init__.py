"""The `memory` flow's operators: attempts and learning events as facts, forgetting curves, and revisions that fall due."""
