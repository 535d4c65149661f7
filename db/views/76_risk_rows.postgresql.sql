-- A view in place of the table that a job keeps on TimescaleDB.
CREATE OR REPLACE VIEW risk_rows AS SELECT * FROM risk_rows_live;
