-- Views in place of the tables that a job keeps on TimescaleDB.
CREATE OR REPLACE VIEW cohort_forgetting AS SELECT * FROM cohort_forgetting_live;
CREATE OR REPLACE VIEW cohort_gaps AS SELECT * FROM cohort_gaps_live;
CREATE OR REPLACE VIEW class_failures AS SELECT * FROM class_failures_live;
CREATE OR REPLACE VIEW module_days AS SELECT * FROM module_days_live;
CREATE OR REPLACE VIEW curve_days AS SELECT * FROM curve_days_live;
CREATE OR REPLACE VIEW curve_totals AS SELECT * FROM curve_totals_live;
CREATE OR REPLACE VIEW first_due AS SELECT * FROM first_due_live;
CREATE OR REPLACE VIEW first_coming AS SELECT * FROM first_coming_live;
