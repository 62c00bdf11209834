import Arguments
import Controller
import Health
import Pipelines
import Registry
import Rollouts
import Vocabulary

struct HealthCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "health", abstract: "Show the health of layers and features, and what the rules say about it.",
      discussion:
        "Of the newest checkpoint, or of the one named; over the window that the checkpoint ends. A rule that fails is an incident, and may keep versions from being promoted; `health.rules` of the pipeline file says from where on, and what is done then."
    )
  }

  @Option(valueName: "id", help: "Of this checkpoint.") var checkpoint: Int64?
  @Option(name: "version", valueName: "n", help: "Of this version's checkpoint.") var number: VersionNumber?
  @Flag(help: "List all rules: threshold, action and where the threshold comes from.") var rules
  @OptionGroup var choice: PipelineChoice
  @OptionGroup var format: OutputFormat

  func mistakes() -> [String] {
    checkpoint != nil && number != nil ? ["--checkpoint and --version name two checkpoints"] : []
  }

  private struct Report: Encodable {
    var checkpoint: Int64
    var step: Int64
    var layers: [PipelineStatus.Layer]
    var features: [PipelineStatus.Feature]
    var findings: [HealthFinding]
  }

  private struct RuleLine: Encodable {
    var rule: String
    var meaning: String
    var threshold: Double
    var action: HealthAction
    var source: String
  }

  /// As the registered pipeline sets them.
  private func listRules(_ policy: HealthPolicy) throws {
    let lines = RuleBook.all.map { rule in
      RuleLine(
        rule: rule.name.rawValue, meaning: rule.meaning, threshold: policy.threshold(of: rule.name),
        action: policy.action(of: rule.name), source: rule.source)
    }
    if format.json { return try Console.say(json: lines) }
    let palette = Palette.standardOutput
    var table = TextTable("rule", ">threshold", "action", "fails where", "where the threshold comes from")
    for line in lines {
      table.add(line.rule, Wording.measure(line.threshold), line.action.rawValue, line.meaning, line.source)
    }
    for line in table.lines(palette: palette, indent: 0) { Console.say(line) }
  }

  func run() async throws {
    try await withRegistry(for: "health") { registry in
      let record = try await choice.record(in: registry)
      if rules {
        return try listRules(
          HealthPolicy(try PipelineFile(text: record.specification, name: record.name).pipeline.health))
      }
      let chosen = try await registry.chooseCheckpoint(of: record, checkpoint: checkpoint, version: number?.value)
      let layers = try await registry.layerHealth(checkpoint: chosen.id)
      let policy = HealthPolicy(try PipelineFile(text: record.specification, name: record.name).pipeline.health)
      let report = Report(
        checkpoint: chosen.id, step: chosen.step, layers: layers.map(PipelineStatus.Layer.init),
        features: chosen.fields?.features ?? [],
        findings: examine(
          HealthWindow(
            layers: layers, fields: chosen.fields, score: HealthWindow.Score(chosen.window),
            before: try await registry.scores(before: chosen), lossShifts: chosen.lossWatch?.shifts,
            isFirst: chosen.parent == nil,
            baseline: try await registry.stableHealth(of: record, except: chosen.id)), policy: policy))
      if format.json { return try Console.say(json: report) }
      let palette = Palette.standardOutput
      Console.say("checkpoint \(report.checkpoint), step \(Wording.count(report.step))\n")
      for line in TextTable(health: report.layers, palette: palette).lines(palette: palette, indent: 0) {
        Console.say(line)
      }
      let features = TextTable(features: report.features, palette: palette)
      if !features.isEmpty { Console.say() }
      for line in features.lines(palette: palette, indent: 0) { Console.say(line) }
      var table = TextTable("rule", "layer or feature", ">observed", ">threshold", "verdict", "action")
      for finding in report.findings where finding.verdict == .fail {
        table.add(
          finding.rule, finding.feature ?? finding.layer, Wording.measure(finding.observed),
          Wording.measure(finding.threshold), palette.bad(finding.verdict.rawValue),
          finding.action?.rawValue ?? "")
      }
      Console.say()
      let open = report.findings.filter { $0.verdict == .inconclusive }
      if !open.isEmpty {
        let limits = policy.limits
        Console.say(
          "\(open.count) of \(report.findings.count) findings are inconclusive: the window has too few steps "
            + "(\(limits.stepsMin) are needed), rows of a layer (\(limits.rowsMin)) or records (\(limits.recordsMin))")
      }
      if table.isEmpty {
        return Console.say(
          open.isEmpty
            ? "all \(report.findings.count) rules pass" : "the other \(report.findings.count - open.count) pass")
      }
      for line in table.lines(palette: palette, indent: 0) { Console.say(line) }
      for detail in report.findings.filter({ $0.verdict == .fail }).compactMap(\.detail) { Console.say(detail) }
      for remark in policy.remarks(on: report.findings) { Console.say("health.rules: \(remark)") }
    }
  }
}

extension Registry {
  /// Of the windows before a checkpoint, of the same lineage, the newest first.
  fileprivate func scores(before chosen: CheckpointRecord) async throws -> [HealthWindow.Score] {
    try await checkpoints(pipeline: chosen.pipeline, limit: 60)
      .filter { $0.id < chosen.id && $0.lineage == chosen.lineage }.map { HealthWindow.Score($0.window) }
  }

  fileprivate func stableHealth(of pipeline: PipelineRecord, except checkpoint: Int64) async throws -> [LayerHealth]? {
    guard let stable = try await versions(pipeline: pipeline.id).first(where: { $0.state == .stable }),
      stable.checkpoint != checkpoint
    else { return nil }
    return try await layerHealth(checkpoint: stable.checkpoint)
  }

  /// The checkpoint that is named, or the version's, or the newest.
  func chooseCheckpoint(of pipeline: PipelineRecord, checkpoint: Int64?, version: Int64?) async throws
    -> CheckpointRecord
  {
    if let checkpoint {
      guard let record = try await self.checkpoint(checkpoint), record.pipeline == pipeline.id else {
        throw CommandFailure(.usage, "'\(pipeline.name)' has no checkpoint \(checkpoint)")
      }
      return record
    }
    if let version {
      guard let found = try await versions(pipeline: pipeline.id).first(where: { $0.number == version }),
        let record = try await self.checkpoint(found.checkpoint)
      else { throw CommandFailure(.usage, "'\(pipeline.name)' has no version \(version)") }
      return record
    }
    guard let newest = try await newestCheckpoint(pipeline: pipeline.id) else {
      throw CommandFailure(.unavailable, "'\(pipeline.name)' has no checkpoint yet")
    }
    return newest
  }
}
