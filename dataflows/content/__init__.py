"""What the `content` flow computes: sessions, time on chapters, video views, milestones and day counts."""
