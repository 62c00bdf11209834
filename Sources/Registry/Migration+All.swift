extension Migration {
  /// In the order of their numbers, from 1 without a gap: a line a file of `migrations/`, which the build puts into the
  /// program (`PackageResources`, named for the file, a digit at its beginning left out). A test holds the two together.
  package static let all: [Migration] = [
    Migration(file: "0001_pipelines_and_group.sql", PackageResources._001_pipelines_and_group_sql),
    Migration(file: "0002_checkpoints.sql", PackageResources._002_checkpoints_sql),
    Migration(file: "0003_versions_and_journal.sql", PackageResources._003_versions_and_journal_sql),
    Migration(file: "0004_incidents_and_servers.sql", PackageResources._004_incidents_and_servers_sql),
    Migration(file: "0005_streams.sql", PackageResources._005_streams_sql),
    Migration(file: "0006_fields_heads_and_seconds.sql", PackageResources._006_fields_heads_and_seconds_sql),
    Migration(file: "0007_incidents_that_end.sql", PackageResources._007_incidents_that_end_sql),
    Migration(file: "0008_contracts_and_lineages.sql", PackageResources._008_contracts_and_lineages_sql),
    Migration(file: "0009_ledger_cover.sql", PackageResources._009_ledger_cover_sql),
    Migration(file: "0010_runs.sql", PackageResources._010_runs_sql),
    Migration(file: "0011_memory.sql", PackageResources._011_memory_sql),
    Migration(file: "0012_step_decisions.sql", PackageResources._012_step_decisions_sql),
    Migration(file: "0013_loss_watch.sql", PackageResources._013_loss_watch_sql),
    Migration(file: "0014_where_metrics_are.sql", PackageResources._014_where_metrics_are_sql),
    Migration(file: "0015_alerts.sql", PackageResources._015_alerts_sql),
    Migration(file: "0016_samples_and_actions.sql", PackageResources._016_samples_and_actions_sql),
    Migration(file: "0017_health_seen.sql", PackageResources._017_health_seen_sql),
    Migration(file: "0018_layer_costs.sql", PackageResources._018_layer_costs_sql),
    Migration(file: "0019_versions_themselves.sql", PackageResources._019_versions_themselves_sql),
    Migration(file: "0020_live_traffic.sql", PackageResources._020_live_traffic_sql),
    Migration(file: "0021_freezes.sql", PackageResources._021_freezes_sql),
    Migration(file: "0022_canary_steps.sql", PackageResources._022_canary_steps_sql),
    Migration(file: "0023_many_versions.sql", PackageResources._023_many_versions_sql),
    Migration(file: "0024_serving_samples.sql", PackageResources._024_serving_samples_sql),
    Migration(file: "0025_confirming_by_time.sql", PackageResources._025_confirming_by_time_sql),
    Migration(file: "0026_canary_requests.sql", PackageResources._026_canary_requests_sql),
    Migration(file: "0027_lineage_origins.sql", PackageResources._027_lineage_origins_sql),
    Migration(file: "0028_replays.sql", PackageResources._028_replays_sql),
    Migration(file: "0029_steps_dealt_again.sql", PackageResources._029_steps_dealt_again_sql),
    Migration(file: "0030_retrain_wishes.sql", PackageResources._030_retrain_wishes_sql),
    Migration(file: "0031_forgotten_records.sql", PackageResources._031_forgotten_records_sql),
    Migration(file: "0032_retrain_remedies.sql", PackageResources._032_retrain_remedies_sql),
    Migration(file: "0033_live_answers.sql", PackageResources._033_live_answers_sql),
  ]

  /// - Parameters:
  ///   - file: `NNNN_what_it_does.sql`
  ///   - text: What the file holds.
  private init(file: StaticString, _ text: [UInt8]) {
    let parts = file.description.dropLast(".sql".count).split(separator: "_", maxSplits: 1)
    guard let number = parts.first.flatMap({ Int64($0) }), let name = parts.last, parts.count == 2 else {
      preconditionFailure("\(file) is no migration's name")
    }
    self.init(version: number, name: String(name), sql: String(decoding: text, as: UTF8.self))
  }
}
