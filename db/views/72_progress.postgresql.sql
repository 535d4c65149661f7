-- A view in place of the table that a job keeps on TimescaleDB.
CREATE OR REPLACE VIEW course_progress AS SELECT * FROM course_progress_live;
