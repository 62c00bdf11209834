extension Pipeline {
  /// The whole file.
  static let section: Section<Pipeline> = Section(
    doc: "A pipeline: one stream, one model, how it learns and how its versions are released.",
    prototype: Pipeline(
      name: "", source: SourceSettings(topic: ""), schema: FeatureSchema(label: LabelSettings(path: ""), features: []),
      model: ModelSettings.automatic, training: TrainingSettings(), checkpoint: CheckpointSettings(),
      health: HealthSettings(), rollout: RolloutSettings(), serving: ServingSettings()),
    keys: [
      Key(
        "name", \.name,
        .text(
          "1 to 63 lower-case letters, digits and inner hyphens", pattern: "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"),
        isRequired: true, "The pipeline's name in tables, metrics and URLs."),
      Key("source", \.source, SourceSettings.section.kind, isRequired: true, SourceSettings.section.doc),
      Key("schema", \.schema, FeatureSchema.section.kind, isRequired: true, FeatureSchema.section.doc),
      Key(
        "model", \.model, ModelSettings.kind, hasOwnDefault: false,
        "The network, or auto, as without it: a model that needs no settings."),
      Key("training", \.training, TrainingSettings.section.kind, TrainingSettings.section.doc),
      Key("group", \.group, GroupSettings.section.kind, GroupSettings.section.doc),
      Key("checkpoint", \.checkpoint, CheckpointSettings.section.kind, CheckpointSettings.section.doc),
      Key("health", \.health, HealthSettings.section.kind, HealthSettings.section.doc),
      Key("rollout", \.rollout, RolloutSettings.section.kind, RolloutSettings.section.doc),
      Key("serving", \.serving, ServingSettings.section.kind, ServingSettings.section.doc),
      Key("retrain", \.retrain, .ifGiven(RetrainSettings.section.kind), RetrainSettings.section.doc),
      Key(
        "alerts", \.alerts,
        .list(
          of: AlertSettings.section.kind, "a list of receivers, each with a webhook or a command", count: 0...20,
          isHiddenWhenEmpty: true),
        "Who is told when an incident begins and when it is over. The controller tells them; incidents wait in the database while a receiver is away."
      ),
    ])
}
