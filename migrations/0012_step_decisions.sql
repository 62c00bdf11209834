-- What all workers decided of every step, for pipelines that keep a ledger: with the records it is all that the step was made
-- of, so that it can be made again.
CREATE TABLE step_decisions (
  checkpoint_id bigint NOT NULL REFERENCES checkpoints ON DELETE CASCADE,
  step bigint NOT NULL CHECK (step > 0),
  -- False: the sum of the gradients was no number; nothing was learned, and the step's records were rejected.
  applied boolean NOT NULL,
  -- Records with a label, and the sum of their weights: what the sum of the gradients was divided by.
  records bigint NOT NULL CHECK (records >= 0),
  weight finite_double NOT NULL,
  -- Null: it was no number, as the gradients were none.
  loss_sum finite_double,
  -- Of the dense parameters, before corrections of the optimiser.
  learning_rate finite_double NOT NULL,
  -- Before clipping by norm; null: it was no number.
  gradient_norm finite_double,
  clipped boolean NOT NULL,
  PRIMARY KEY (checkpoint_id, step)
);
-- Records that were valid, and taken out of their step by all workers.
CREATE TABLE step_skips (
  checkpoint_id bigint NOT NULL,
  step bigint NOT NULL,
  partition integer NOT NULL CHECK (partition >= 0),
  "offset" bigint NOT NULL CHECK ("offset" >= 0),
  reason text NOT NULL,
  PRIMARY KEY (checkpoint_id, step, partition, "offset"),
  FOREIGN KEY (checkpoint_id, step) REFERENCES step_decisions ON DELETE CASCADE
);
