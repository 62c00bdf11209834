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
        "Of the newest checkpoint, or of the one named; over the window that the checkpoint ends. Values are of up to 2,048 of its records, drawn at random, beside those of the windows that the version that serves was made of: `index` is the population stability index, `itself` how far windows come by themselves. What layers take is of the one step of 64 that is timed, on all workers; `beside products` is activation, normalisation and dropout. A rule that fails is an incident, and may keep versions from being promoted; `health.rules` of the pipeline file says from where on, and what is done then."
    )
  }

  @Option(valueName: "id", help: "Of this checkpoint.") var checkpoint: Int64?
  @Option(name: "version", valueName: "n", help: "Of this version's checkpoint.") var number: VersionNumber?
  @Flag(
    help:
      "Show also what activations took in, weights, gradients and updates: by layer, of the window's steps that were looked at."
  )
  var tensors
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
    /// What activations took in, weights, gradients and updates.
    var tensors: [LayerTensor]
    var features: [PipelineStatus.Feature]
    var values: [SampledValues]
    /// Nanoseconds over the steps that were timed, and bytes.
    var costs: [LayerCost]
    /// Probabilities of the window and what came true, band by band; none of other tasks.
    var calibration: [CalibrationBand]
    /// What drift is not watched for yet; nil: it is of all.
    var driftWait: DriftWait?
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
          HealthPolicy(try PipelineFile(text: record.specification, name: record.name).pipeline))
      }
      let chosen = try await registry.chooseCheckpoint(of: record, checkpoint: checkpoint, version: number?.value)
      let (window, policy, findings) = try await registry.examination(of: chosen, record)
      let report = Report(
        checkpoint: chosen.id, step: chosen.step, layers: window.layers.map(PipelineStatus.Layer.init),
        tensors: window.layers.flatMap(LayerTensor.all(of:)), features: chosen.fields?.features ?? [],
        values: window.columns.map { SampledValues($0, window.drift) }, costs: window.costs,
        calibration: window.score.calibrationBands, driftWait: window.driftWait, findings: findings)
      if format.json { return try Console.say(json: report) }
      let palette = Palette.standardOutput
      Console.say("checkpoint \(report.checkpoint), step \(Wording.count(report.step))\n")
      for line in TextTable(health: report.layers, palette: palette).lines(palette: palette, indent: 0) {
        Console.say(line)
      }
      if tensors {
        Console.say()
        for line in TextTable(tensors: report.tensors, palette: palette).lines(palette: palette, indent: 0) {
          Console.say(line)
        }
      }
      let costs = TextTable(costs: report.costs)
      if !costs.isEmpty { Console.say() }
      for line in costs.lines(palette: palette, indent: 0) { Console.say(line) }
      let features = TextTable(features: report.features, palette: palette)
      if !features.isEmpty { Console.say() }
      for line in features.lines(palette: palette, indent: 0) { Console.say(line) }
      let values = TextTable(values: report.values, palette: palette)
      if !values.isEmpty { Console.say() }
      for line in values.lines(palette: palette, indent: 0) { Console.say(line) }
      let calibration = TextTable(calibration: report.calibration)
      if !calibration.isEmpty { Console.say() }
      for line in calibration.lines(palette: palette, indent: 0) { Console.say(line) }
      if let wait = window.driftWait, !window.columns.isEmpty {
        Console.say(wait.words)
      } else if window.drift == nil, !window.columns.isEmpty {
        Console.say("drift is not watched yet: no version serves but this one")
      }
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

extension DriftWait {
  /// With how long that takes, as far as anybody can tell.
  var words: String { sentence + (secondsLeft.map { "; about \(Wording.span($0)) more" } ?? "") }
}

extension Registry {
  /// What the rules, as the registered pipeline sets them, say of the window that a checkpoint ends.
  func examination(
    of chosen: CheckpointRecord, _ record: PipelineRecord
  ) async throws -> (window: HealthWindow, policy: HealthPolicy, findings: [HealthFinding]) {
    let pipeline = try PipelineFile(text: record.specification, name: record.name).pipeline
    let policy = HealthPolicy(pipeline)
    var reader = WindowReader(pipelineID: record.id, topic: pipeline.source.topic, limits: policy.limits)
    let window = try await reader.window(of: chosen, in: self)
    return (window, policy, examine(window, policy: policy))
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
      guard let found = try await self.version(version, pipeline: pipeline.id),
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
