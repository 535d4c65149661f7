-- What the job keeps beside retention. Its next run fills them.
ALTER TABLE cohort_forgetting
    ADD COLUMN pass_chance double precision, ADD COLUMN pass_chance_1d double precision, ADD COLUMN pass_chance_3d double precision,
    ADD COLUMN pass_chance_7d double precision;
ALTER TABLE curve_totals ADD COLUMN pass_chance double precision;
ALTER TABLE first_due ADD COLUMN pass_chance double precision;
ALTER TABLE first_coming ADD COLUMN pass_chance double precision;
