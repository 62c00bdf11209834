import Arguments
import Controller
import Evaluation
import Foundation
import Learning
import Pipelines
import Registry
import Rollouts
import Vocabulary

struct VersionsCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "versions", abstract: "List the model versions of a pipeline, the newest first; or compare two.",
      subcommands: [VersionsDiffCommand.self], runsItself: true)
  }

  private static let shownMax = 100

  @Flag(help: "Every version there has been, instead of the newest 100.") var all: Bool

  @OptionGroup var choice: PipelineChoice
  @OptionGroup var format: OutputFormat

  func run() async throws {
    try await withRegistry(for: "versions") { registry in
      let record = try await choice.record(in: registry)
      var versions: [PipelineStatus.Version] = []
      for version in try await registry.versions(pipeline: record.id, limit: all ? nil : Self.shownMax) {
        versions.append(PipelineStatus.Version(version, try await registry.checkpoint(version.checkpoint)))
      }
      if format.json { return try Console.say(json: versions) }
      if versions.isEmpty { return Console.say("'\(record.name)' has no version yet") }
      let palette = Palette.standardOutput
      let quality = TextTable.quality(versions.map(\.metrics))
      var table = TextTable(
        ">version", "state", ">share", ">checkpoint", ">step", ">records", ">loss", ">\(quality.title)", "since",
        "created")
      for version in versions {
        table.add(
          "v\(version.number)", palette.coloured(version), Wording.percent(version.share),
          String(version.checkpoint), version.step.map(Wording.count) ?? "–",
          version.metrics.map { Wording.count($0.records) } ?? "–", Wording.compact(version.metrics?.loss),
          quality.value(version.metrics), Wording.ago(version.since), Wording.ago(version.createdAt))
      }
      for line in table.lines(palette: palette, indent: 0) { Console.say(line) }
    }
  }
}

struct VersionCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "version", abstract: "Look into one model version.", subcommands: [VersionShowCommand.self])
  }
}

struct VersionShowCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "show", abstract: "Show one version: its measures, its layers' health, and every decision about it.")
  }

  @Argument(help: "The version's number.") var number: VersionNumber
  @OptionGroup var choice: PipelineChoice
  @OptionGroup var format: OutputFormat

  private struct Report: Encodable {
    var version: PipelineStatus.Version
    var checkpoint: PipelineStatus.Checkpoint
    /// Oldest first.
    var decisions: [PipelineStatus.Decision]
    var health: [PipelineStatus.Layer]
    /// nil: the version is older than contracts.
    var contract: Contract?
    /// Of `model: auto`: what each member is worth in the sum of all; nil: there are none, or the state was pruned.
    var members: [MemberWeight]?
  }

  /// What the version's numbers mean, whatever the pipeline says by now.
  private struct Contract: Encodable {
    var number: Int64
    /// SHA-256 of the contract's canonical text.
    var fingerprint: String
    /// What the pipeline says otherwise by now.
    var edits: [SettingEdit]
  }

  func run() async throws {
    try await withRegistry(for: "version show") { registry in
      let record = try await choice.record(in: registry)
      guard
        let version = try await registry.version(number.value, pipeline: record.id),
        let checkpoint = try await registry.checkpoint(version.checkpoint)
      else { throw CommandFailure(.usage, "'\(record.name)' has no version \(number.value)") }
      let decisions = try await registry.decisions(pipeline: record.id, version: version.number, limit: 1000)
      let newest = try await registry.newestCheckpoint(pipeline: record.id)
      let standings = try await standings(record, upTo: newest, registry)
      let report = Report(
        version: .init(version, checkpoint, in: standings, upTo: newest), checkpoint: .init(checkpoint),
        decisions: decisions.reversed().map(PipelineStatus.Decision.init),
        health: try await registry.layerHealth(checkpoint: checkpoint.id).map(PipelineStatus.Layer.init),
        contract: try await contract(of: checkpoint, record, registry),
        members: try await members(of: checkpoint, record, registry))
      if format.json { return try Console.say(json: report) }
      show(report)
    }
  }

  /// nil: the file that is registered is one that only its own program can read.
  private func standings(
    _ record: PipelineRecord, upTo newest: CheckpointRecord?, _ registry: Registry
  ) async throws -> VersionStandings? {
    guard let today = try? PipelineFile(text: record.specification, name: record.name).pipeline else { return nil }
    return try await VersionStandings(of: today, record.id, newest: newest, in: registry)
  }

  private func contract(
    of checkpoint: CheckpointRecord, _ record: PipelineRecord, _ registry: Registry
  ) async throws -> Contract? {
    guard let contract = try await registry.contract(ofCheckpoint: checkpoint.id) else { return nil }
    let today = try? PipelineFile(text: record.specification, name: record.name).pipeline
    let learned = try DataContract(text: contract.text)
    let edits = today.map { learned.edits(to: DataContract($0.following(learned))) } ?? []
    return Contract(number: contract.id, fingerprint: contract.fingerprint, edits: edits)
  }

  private func members(
    of checkpoint: CheckpointRecord, _ record: PipelineRecord, _ registry: Registry
  ) async throws -> [MemberWeight]? {
    guard checkpoint.hasState,
      let today = try? PipelineFile(text: record.specification, name: record.name).pipeline,
      let contract = try await registry.contract(ofCheckpoint: checkpoint.id),
      case let pipeline = today.under(try DataContract(text: contract.text)), pipeline.model.preset != nil,
      case .recipe(let version) = try FrozenModel(
        spec: LearnerSpec(pipeline), state: try await registry.state(of: checkpoint.id))
    else { return nil }
    return version.memberWeights
  }

  private static func sentence(_ comparison: PipelineStatus.Comparison) -> String {
    var text =
      "against v\(comparison.with), on the same \(Wording.count(comparison.pairs)) records: its loss less the other's is "
      + Wording.measure(comparison.mean) + " a record"
    if let lower = comparison.lower, let upper = comparison.upper {
      text += ", between \(Wording.measure(lower)) and \(Wording.measure(upper)) at every look"
    }
    text += "; \(Wording.measure(comparison.tolerance)) is tolerated"
    return text + (comparison.isAsked ? "" : "; it is not asked any more")
  }

  private static func sentence(_ slice: PipelineStatus.Slice) -> String {
    let bounds =
      slice.lower.flatMap { lower in
        slice.upper.map { "between \(Wording.measure(lower)) and \(Wording.measure($0)) at every look" }
      } ?? "not bounded yet"
    return "  of \(slice.slice), \(Wording.count(slice.pairs)) records: \(slice.measure) \(bounds), "
      + (slice.isWorse ? "worse than the \(Wording.measure(slice.tolerance)) that are tolerated" : "may be worse")
  }

  private func show(_ report: Report) {
    let palette = Palette.standardOutput
    let (version, metrics) = (report.version, report.checkpoint.metrics)
    Console.say(palette.bold("v\(version.number)") + "  " + palette.coloured(version))
    Console.say(
      "checkpoint \(version.checkpoint), step \(Wording.count(report.checkpoint.step)), "
        + "created \(Wording.ago(version.createdAt)), \(version.state) since \(Wording.ago(version.since))")
    Console.say(
      "test-then-train over \(Wording.count(metrics.records)) records: loss \(Wording.measure(metrics.loss))"
        + (metrics.auc.map { ", AUC \(Wording.figure($0))" } ?? "")
        + (metrics.accuracy.map { ", accuracy \(Wording.figure($0))" } ?? "")
        + (metrics.macroF1.map { ", macro-F1 \(Wording.figure($0))" } ?? "")
        + (metrics.mae.map { ", mean absolute error \(Wording.measure($0))" } ?? "")
        + (metrics.rmse.map { ", root mean squared error \(Wording.measure($0))" } ?? "")
        + (metrics.rSquared.map { ", R² \(Wording.figure($0))" } ?? ""))
    if let contract = report.contract {
      Console.say(
        "contract \(contract.number) (\(contract.fingerprint.prefix(12))), "
          + (contract.edits.isEmpty ? "as the pipeline says" : "which it keeps; the pipeline says otherwise by now:"))
      for edit in contract.edits {
        Console.say("  \(edit.setting): \(edit.old ?? "not there") → \(edit.new ?? "gone") (\(edit.effect.rawValue))")
      }
    }
    if let members = report.members {
      Console.say(Wording.members(members))
    }
    if let loss = version.frozenLoss { Console.say("it " + loss.sentence) }
    if let comparison = version.comparison {
      Console.say(Self.sentence(comparison))
      for slice in comparison.slices.prefix(5) { Console.say(Self.sentence(slice)) }
    }
    if let waits = version.waits { Console.say(palette.warning("v\(version.number) \(waits)")) }
    if !report.decisions.isEmpty { Console.say("\n" + palette.bold("decisions")) }
    for decision in report.decisions {
      Console.say("  \(decision.from) → \(decision.to): \(decision.reason)")
      Console.say(
        palette.dim(
          "    rule \(decision.rule), observed \(Wording.measure(decision.observed)), threshold "
            + "\(Wording.measure(decision.threshold)), \(decision.window), by \(decision.actor), "
            + Wording.ago(decision.at)))
    }
    let table = TextTable(health: report.health, palette: palette)
    if !table.isEmpty { Console.say("\n" + palette.bold("health a layer")) }
    for line in table.lines(palette: palette) { Console.say(line) }
  }
}

/// `7` or `v7`.
struct VersionNumber: ArgumentValue {
  let value: Int64

  init?(argument: String) {
    guard let value = Int64(argument.hasPrefix("v") ? String(argument.dropFirst()) : argument), value > 0 else {
      return nil
    }
    self.value = value
  }

  static var expectation: String { "a version's number, as 7 or v7" }
}
