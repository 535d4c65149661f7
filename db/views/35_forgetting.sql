-- Forgetting as of an instant, from the columns of memory_state (docs/forgetting.md).
-- The same formulas as in Python, held equal by a test. Each is one expression, so that the planner inlines it.

-- Ratios and averages are rounded once, to 4 decimals.
CREATE OR REPLACE FUNCTION four_decimals(value double precision) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN round(value * 10000) / 10000;

CREATE OR REPLACE FUNCTION days_between(since timestamptz, until timestamptz) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN date_part('epoch', until - since) / 86400;

CREATE OR REPLACE FUNCTION retention(
    model text, stability double precision, decay_factor double precision, elapsed_days double precision
) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN elapsed_days IS NULL OR stability IS NULL THEN NULL
    -- capped: exp() of less is an underflow error in PostgreSQL
    WHEN model = 'ebbinghaus' THEN exp(-least(greatest(elapsed_days, 0) / stability, 700))
    WHEN model = 'fsrs' THEN power(1 + (power(0.9::double precision, -1 / decay_factor) - 1) * greatest(elapsed_days, 0) / stability,
                                   -decay_factor)
    WHEN model = 'average' THEN stability / (stability + power(1 + greatest(elapsed_days, 0), decay_factor))
END;

-- low before the review falls due, medium from then on, high once twice the interval has passed.
CREATE OR REPLACE FUNCTION revision_urgency(last_reviewed_at timestamptz, next_review_at timestamptz, as_of timestamptz)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN as_of - next_review_at >= next_review_at - last_reviewed_at THEN 'high'
    WHEN as_of >= next_review_at THEN 'medium'
    WHEN as_of < next_review_at THEN 'low'
END;

COMMENT ON FUNCTION retention(text, double precision, double precision, double precision) IS
    'Share (0-1) that is still remembered some days after the last review; null for a model that is not known.';
COMMENT ON FUNCTION revision_urgency(timestamptz, timestamptz, timestamptz) IS 'low, medium or high as of an instant.';

-- Retention and the last score, read as the chance to pass now (docs/forgetting.md). Each argument stands once, so that it is inlined:
-- the log-odds of k are -ln(1 / k - 1), and retention is drawn off 0 and 1 by a straight line.
CREATE OR REPLACE FUNCTION pass_chance(
    retention double precision, last_score double precision, pass_mark double precision,
    intercept double precision, slope double precision, score double precision
) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 1 / (1 + exp(slope * ln(1 / (0.001 + 0.998 * retention) - 1) - score * (last_score - pass_mark) / 10 - intercept));

-- The calibrations as of now, one a model.
CREATE OR REPLACE VIEW active_calibrations AS
SELECT DISTINCT ON (model) model, version,
       (parameters ->> 'intercept')::double precision AS intercept,
       (parameters ->> 'slope')::double precision     AS slope,
       (parameters ->> 'score')::double precision     AS score,
       active_from
FROM calibrations
WHERE active_from <= (SELECT classpulse_now())
ORDER BY model, version DESC;

COMMENT ON FUNCTION pass_chance(double precision, double precision, double precision, double precision, double precision, double precision) IS
    'Chance (0-1) to pass now, from the retention that a model tells, the last score and the pass mark; null where one is not known.';
