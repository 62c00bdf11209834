/// The kinds of incidents that there are, by the names that tables, metrics, alerts and pipeline files have them under.
public enum IncidentKind {
  /// In the order of the alphabet.
  public static let names: [String] = Set(HealthRule.allCases.map(\.rawValue) + others).sorted()

  /// Those that are no rule of health.
  private static let others = [
    // What the stream and its records had, and what people did.
    "records_lost", "dead_letters_lost", "units_in_doubt", "blurred", "pipeline_edited", "lineage_begun",
    "records_forgotten", "change_accepted",
    "not_compared", "skipped_step", "rate_lowered", "rewind_asked", "retrain_asked", "metric_drop",
    "promotion_frozen",
    "slo_page", "slo_ticket", "split_mismatch",
    // What does not work.
    "halted", "exchange_tampered", "replica_diverged", "state_not_restored", "version_unusable", "worker",
    "worker_waits",
    "contract_not_run", "unexpected", "broker", "broker_refuses", "broker_unreachable", "topic_missing",
    "database_connections", "database_damaged", "database_disk_full", "database_layout", "database_memory_full",
    "database_read_only", "database_refuses", "database_statement", "database_unreachable", "registry_conflict",
    "registry_fenced", "registry_notFound",
  ]
}
