import Foundation
import Testing

/// A setting that does nothing is a defect: a person would believe it.
@Suite("Settings")
struct SettingsTests {
  /// Who reads the keys whose property has a name that many types have: the words, and the file that they stand in.
  ///
  /// Any other key is read where its property's name stands behind a dot.
  private static let readers: [String: (words: String, file: String)] = [
    "Pipeline.name": ("pipeline.name", "Worker/WorkerService.swift"),
    "SourceSettings.brokers": ("pipeline.source.brokers", "Worker/WorkerService.swift"),
    "SourceSettings.topic": ("pipeline.source.topic", "Worker/WorkerService.swift"),
    "SourceSettings.start": ("source.start", "Worker/TrainingThread+State.swift"),
    "SourceSettings.create": ("source.create", "retrainctl/Processes/PipelineRun.swift"),
    "SourceSettings.partitions": ("source.partitions", "retrainctl/Processes/PipelineRun.swift"),
    "FeatureSchema.id": ("schema.id", "retrainctl/Commands/DeadLettersCommand.swift"),
    "FeatureSchema.weight": ("schema.weight", "Ingest/FieldTable.swift"),
    "LabelSettings.path": ("head.label.path", "Ingest/FieldTable.swift"),
    "LabelSettings.classes": ("head.label.classes", "Ingest/FieldTable.swift"),
    "FeatureSettings.name": ("feature.name", "Ingest/FieldTable.swift"),
    "FeatureSettings.path": ("feature.path", "Ingest/FieldTable.swift"),
    "FeatureSettings.type": ("feature.type", "Ingest/FieldTable.swift"),
    "FeatureSettings.missing": ("feature.missing", "Ingest/FieldTable.swift"),
    "FeatureSettings.unit": ("feature.unit", "Ingest/FieldTable.swift"),
    "FeatureSettings.coerce": ("feature.coerce", "Ingest/FieldTable.swift"),
    "FeatureSettings.origin": ("feature.originInForce", "Ingest/FieldTable.swift"),
    "FeatureSettings.parts": ("feature.parts", "Ingest/FieldTable.swift"),
    "FeatureSettings.clip": ("feature.clip", "Ingest/FieldTable.swift"),
    "FeatureSettings.values": ("feature.values", "Ingest/FieldTable.swift"),
    "FeatureSettings.unknown": ("feature.unknown", "Ingest/FieldTable.swift"),
    "FeatureSettings.buckets": ("feature.buckets", "Ingest/FieldTable.swift"),
    "FeatureSettings.dimension": ("dimension: $0.dimension", "Learning/Spec/LearnerSpec+Pipeline.swift"),
    "FeatureSettings.norm": ("feature.norm", "Ingest/FieldTable.swift"),
    // Through `pairsMax`, as the most pairs of a record.
    "FeatureSettings.keys_max": ("feature.pairsMax", "Ingest/FieldTable.swift"),
    "ModelSettings.kind": ("model.kind", "Learning/Spec/LearnerSpec+Pipeline.swift"),
    "ModelSettings.hidden": ("model.hidden", "Learning/Spec/BranchSpecs.swift"),
    "ModelSettings.activation": ("model.activation", "Learning/Spec/BranchSpecs.swift"),
    "ModelSettings.task": ("head.task", "Learning/Spec/LearnerSpec+Pipeline.swift"),
    "HeadSettings.task": ("head.task", "Learning/Spec/LearnerSpec+Pipeline.swift"),
    "LossSettings.kind": ("loss.kind", "Learning/Spec/LearnerSpec+Pipeline.swift"),
    "LossSettings.level": ("loss.level", "Learning/Spec/LearnerSpec+Pipeline.swift"),
    "HeadSettings.name": ("head.name", "Learning/Spec/LearnerSpec+Pipeline.swift"),
    "HeadSettings.label": ("head.label.path", "Ingest/FieldTable.swift"),
    "HeadSettings.classes": ("head.label.classes", "Ingest/FieldTable.swift"),
    "HeadSettings.weight": ("head.weight", "Learning/Spec/LearnerSpec+Pipeline.swift"),
    // Through `StepDeal`, which says what a step takes from where.
    "TrainingSettings.records_per_partition": ("deal.takeMax", "Worker/TrainingThread.swift"),
    "TrainingSettings.records_per_step": ("deal(partitions: partitionCount)", "Worker/TrainingThread.swift"),
    "TrainingSettings.workers": ("training.workers", "retrainctl/Commands/StartCommand.swift"),
    "TrainingSettings.ledger": ("settings.ledger", "Worker/Step/StepLoop.swift"),
    "Optimizer.kind": ("settings.kind", "Learning/Spec/OptimizerSpec+Pipeline.swift"),
    "Optimizer.l1": ("settings.l1", "Learning/Spec/OptimizerSpec+Pipeline.swift"),
    "Optimizer.l2": ("settings.l2", "Learning/Spec/OptimizerSpec+Pipeline.swift"),
    "Schedule.kind": ("settings.kind", "Learning/Spec/OptimizerSpec+Pipeline.swift"),
    "Schedule.steps": ("settings.steps", "Learning/Spec/OptimizerSpec+Pipeline.swift"),
    "Schedule.patience": ("settings.patience", "Learning/Spec/OptimizerSpec+Pipeline.swift"),
    "SourceSettings.record_bytes_max": ("pipeline.source.recordBytesMax", "Worker/TrainingThread.swift"),
    "MetricDrop.measure": ("settings.measure", "Controller/MetricBlocks.swift"),
    "MetricDrop.by": ("settings.by", "Controller/MetricBlocks.swift"),
    "MetricDrop.against": ("settings.against", "Controller/MetricDropWatch.swift"),
    "MetricDrop.records_min": ("settings.recordsMin", "Controller/MetricBlocks.swift"),
    "GroupSettings.gradients": ("group.gradients", "Worker/Step/StepLoop.swift"),
    "CheckpointSettings.every": ("checkpoints.every)", "Worker/Step/StepLoop.swift"),
    "CheckpointSettings.keep": ("checkpoint.keep", "Controller/ControllerService.swift"),
    "RolloutSettings.records_min": ("recordsMin: Int64(settings.recordsMin)", "Controller/Policies+Pipeline.swift"),
    "RolloutSettings.canary_share": ("settings.effectiveCanary", "Controller/Policies+Pipeline.swift"),
    "RolloutSettings.slices": ("pipeline.rollout.slices", "Worker/Slices/SliceColumns.swift"),
    "RolloutSettings.hold": ("hold: settings.hold", "Controller/Policies+Pipeline.swift"),
    "ObjectiveSettings.scale": ("scale: slo.scale", "Controller/Policies+Pipeline.swift"),
    "HealthRuleSettings.rule": ("rule: $0.rule", "Controller/Policies+Pipeline.swift"),
    "HealthRuleSettings.of": ("subject: $0.of", "Controller/Policies+Pipeline.swift"),
    "HealthRuleSettings.threshold": ("threshold: $0.threshold", "Controller/Policies+Pipeline.swift"),
    "HealthRuleSettings.action": ("action: $0.action", "Controller/Policies+Pipeline.swift"),
    // Through `effectiveName`, and `shownTarget` beside the rest.
    "AlertSettings.name": ("settings.effectiveName", "Alerts/AlertReceiver.swift"),
    "AlertSettings.command": ("settings.command", "Alerts/AlertReceiver.swift"),
    "AlertSettings.environment": ("settings.environment", "Alerts/AlertReceiver.swift"),
    "AlertSettings.severity": ("settings.severity", "Alerts/AlertPlan.swift"),
    "AlertSettings.kinds": ("settings.kinds", "Alerts/AlertPlan.swift"),
    "AlertSettings.timeout": ("settings.timeout", "Alerts/AlertReceiver.swift"),
    "ServingSettings.address": ("serving.address", "Server/ServerService.swift"),
    "ServingSettings.rows_max": ("rowsMax = pipeline.serving.rowsMax", "Server/RequestAnswering.swift"),
    "ServingSettings.port": ("serving.port", "Server/ServerService.swift"),
    "ServingCertificate.key": ("paths.key", "Server/CertificateFiles.swift"),
    "ServingToken.role": ("token.role", "Server/Access.swift"),
  ]

  /// Keys with one value, for what is to come: the parser refuses all others, and that is what they do.
  private static let single: Set = ["SourceSettings.format"]

  /// Keys whose value is a section, or a list of them: they are read key by key.
  private static let sections: Set = [
    "Pipeline.source", "Pipeline.schema", "Pipeline.model", "Pipeline.training", "Pipeline.group",
    "Pipeline.checkpoint", "Pipeline.health", "Pipeline.rollout", "Pipeline.serving", "FeatureSchema.label",
    "FeatureSchema.features", "ModelSettings.heads", "HealthSettings.rules", "Pipeline.alerts", "RolloutSettings.slo",
    "ObjectiveSettings.latency",
    "ServingSettings.tls", "ServingSettings.tokens",
  ]

  /// A name that more files than that have behind a dot proves nothing.
  private static let filesMax = 12

  /// Keys as the parser's tables have them: `FeatureSettings.clip`, and the property that each becomes.
  private static func keys() throws -> [String: String] {
    let owner = try Regex(#"extension ([A-Za-z.]+)"#, as: (Substring, Substring).self)
    let key = try Regex(
      #"Key\(\s*"([a-z0-9_]+)",\s*\\[A-Za-z]*\.([A-Za-z0-9.]+)"#, as: (Substring, Substring, Substring).self)
    var keys: [String: String] = [:]
    // A contract says the same keys once more, under names of its own.
    for file in SourceTree.sources where file.room == "Pipelines" && !"\(file)".contains("/Contract/") {
      let owners = file.text.matches(of: owner)
      for match in file.text.matches(of: key) {
        let before = owners.last { $0.range.lowerBound < match.range.lowerBound }?.output.1 ?? ""
        let type = before.split(separator: ".").last.map(String.init) ?? ""
        keys["\(type).\(match.output.1)"] = String(match.output.2.split(separator: ".").last ?? "")
      }
    }
    return keys
  }

  @Test("every key of a pipeline reaches something other than the parser") func everyKeyIsRead() throws {
    let rooms = SourceTree.sources.filter { $0.room != "Pipelines" }
    /// In how many files each name stands behind a dot.
    var members: [String: Int] = [:]
    for file in rooms {
      let names = file.text.split(separator: ".", omittingEmptySubsequences: false).dropFirst().map { rest in
        String(rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" })
      }
      for name in Set(names) { members[name, default: 0] += 1 }
    }
    let texts = Dictionary(uniqueKeysWithValues: rooms.map { ($0.path, $0.text) })
    let keys = try Self.keys()
    #expect(keys.count > 130, "\(keys.count) keys were found")
    for (key, property) in keys.sorted(by: { $0.key < $1.key })
    where !Self.single.contains(key) && !Self.sections.contains(key) {
      if let reader = Self.readers[key] {
        let text = texts["Sources/" + reader.file] ?? ""
        #expect(text.contains(reader.words), "\(key) is not read by \(reader.file) any more")
        continue
      }
      // What has a default that depends on other keys is read through it.
      let effective: String = "effective" + property.prefix(1).uppercased() + String(property.dropFirst())
      let files = (members[property] ?? 0) + (members[effective] ?? 0)
      #expect(files > 0, "\(key) is read by nobody")
      #expect(
        files <= Self.filesMax || (members[effective] ?? 0) > 0, "who reads \(key)? \(files) files have .\(property)")
    }
    let unknown = Set(Self.readers.keys).union(Self.single).union(Self.sections).subtracting(keys.keys)
    #expect(unknown.isEmpty, "there are no such keys: \(unknown.sorted())")
  }

  @Test("every key of the JSON Schema is one of the parser's tables, which the test above looks at")
  func everyKeyIsFound() throws {
    let names = Set(try Self.keys().keys.map { $0.split(separator: ".").last.map(String.init) ?? "" })
    let schema = try JSONSerialization.jsonObject(with: Data(SourceTree.text("Pipelines/pipeline.schema.json").utf8))
    var missing: Set<String> = []
    var count = 0
    func walk(_ value: Any) {
      for (name, inner) in value as? [String: Any] ?? [:] {
        if name == "properties", let properties = inner as? [String: Any] {
          count += properties.count
          missing.formUnion(Set(properties.keys).subtracting(names))
        }
        walk(inner)
      }
      for inner in value as? [Any] ?? [] { walk(inner) }
    }
    walk(schema)
    #expect(missing.isEmpty && count > 150, "\(missing.sorted())")
  }
}
