-- That the stream is to be learned once more, until a run beside begins: whoever runs the pipeline's workers begins it.
CREATE TABLE retrain_wishes (
  pipeline_id bigint PRIMARY KEY REFERENCES pipelines ON DELETE CASCADE,
  -- As `retrain --from` takes it.
  place text NOT NULL,
  actor text NOT NULL,
  reason text NOT NULL,
  asked_at timestamptz NOT NULL DEFAULT now()
);
