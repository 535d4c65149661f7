"""The `memory` flow's operators: attempts and learning events as facts, forgetting curves, revisions that fall due."""
