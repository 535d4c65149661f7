-- Views in place of the tables that a job keeps on TimescaleDB: same names, same columns, computed when asked.
CREATE OR REPLACE VIEW chapter_summary AS SELECT * FROM chapter_summary_live;
CREATE OR REPLACE VIEW course_summary AS SELECT * FROM course_summary_live;
CREATE OR REPLACE VIEW course_exits AS SELECT * FROM course_exits_live;
CREATE OR REPLACE VIEW class_progress AS SELECT * FROM class_progress_live;
CREATE OR REPLACE VIEW click_days AS SELECT * FROM click_days_live;
CREATE OR REPLACE VIEW cohort_weeks AS SELECT * FROM cohort_weeks_live;
CREATE OR REPLACE VIEW place_counts AS SELECT * FROM place_counts_live;
CREATE OR REPLACE VIEW video_totals AS SELECT * FROM video_totals_live;
CREATE OR REPLACE VIEW video_parts AS SELECT * FROM video_parts_live;
CREATE OR REPLACE VIEW page_weeks AS SELECT * FROM page_weeks_live;
