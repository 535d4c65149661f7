-- Views in place of the tables that a job keeps on TimescaleDB.
CREATE OR REPLACE VIEW class_days AS SELECT * FROM class_days_live;
CREATE OR REPLACE VIEW class_course_days AS SELECT * FROM class_course_days_live;
CREATE OR REPLACE VIEW class_totals AS SELECT * FROM class_totals_live;
CREATE OR REPLACE VIEW score_days AS SELECT * FROM score_days_live;
