-- However many checkpoints and versions there have been, one look at a pipeline reads the few that matter.
CREATE INDEX checkpoints_with_state ON checkpoints (pipeline_id, run) WHERE has_state;
CREATE INDEX server_outputs_by_version ON server_outputs (pipeline_id, version);
CREATE INDEX decisions_by_version ON decisions (pipeline_id, version, id DESC);
-- How many there are in each state is counted without reading them.
CREATE INDEX versions_by_state ON versions (pipeline_id, state);
