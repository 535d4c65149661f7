-- How a model's retention is read as a chance to pass: never changed, only followed by a newer version (docs/forgetting.md).
CREATE TABLE calibrations (
    version     bigint      NOT NULL CHECK (version > 0),
    model       text        NOT NULL,
    parameters  jsonb       NOT NULL CHECK ((parameters ->> 'intercept')::double precision BETWEEN -20 AND 20
                                            AND (parameters ->> 'slope')::double precision BETWEEN 0 AND 20
                                            AND (parameters ->> 'score')::double precision BETWEEN 0 AND 20
                                            AND parameters ?& ARRAY['intercept', 'slope', 'score']),
    active_from timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (model, version)
);

COMMENT ON TABLE calibrations IS 'What turns retention into pass_chance, by model: of the versions that are active, the newest counts. Never changed, so that what was shown stays known.';
COMMENT ON COLUMN calibrations.parameters IS 'pass_chance = 1 / (1 + exp(-(intercept + slope * logit(0.001 + 0.998 * retention) + score * (last score - pass mark) / 10))).';

-- Fitted to 70 % of OULAD's students, measured on the others.
INSERT INTO calibrations (version, model, parameters, active_from) VALUES
    (1, 'ebbinghaus', '{"intercept": 0.80, "slope": 0.13, "score": 0.58}', '-infinity'),
    (1, 'fsrs', '{"intercept": 0.06, "slope": 0.31, "score": 0.52}', '-infinity'),
    (1, 'average', '{"intercept": 0, "slope": 1, "score": 0}', '-infinity');
