/// A checked pipeline: what one YAML file says, with every default filled in.
///
/// Only `PipelineParser` makes one from text, so whoever holds a `Pipeline` holds a valid one.
public struct Pipeline: Sendable, Hashable, Codable {
  /// Lower-case letters, digits and hyphens; the name in tables, metrics and URLs.
  public var name: String
  public var source: SourceSettings
  public var schema: FeatureSchema
  public var model: ModelSettings
  public var training: TrainingSettings
  public var checkpoint: CheckpointSettings
  public var health: HealthSettings
  public var rollout: RolloutSettings
  public var serving: ServingSettings
  public var group: GroupSettings
  /// Who is told of incidents.
  public var alerts: [AlertSettings]
  /// When the stream is learned once more by itself; nil: never.
  public var retrain: RetrainSettings?

  public init(
    name: String, source: SourceSettings, schema: FeatureSchema, model: ModelSettings, training: TrainingSettings,
    checkpoint: CheckpointSettings, health: HealthSettings, rollout: RolloutSettings, serving: ServingSettings,
    group: GroupSettings = GroupSettings(), alerts: [AlertSettings] = []
  ) {
    self.name = name
    self.source = source
    self.schema = schema
    self.model = model
    self.training = training
    self.checkpoint = checkpoint
    self.health = health
    self.rollout = rollout
    self.serving = serving
    self.group = group
    self.alerts = alerts
  }
}
